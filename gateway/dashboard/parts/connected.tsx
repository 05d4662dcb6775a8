/** Whether a part has its connection, in a mark, a word and a colour. */
export function Connected({ is }: { is: boolean }) {
  return (
    <span className={`verdict tone-${is ? "clean" : "infected"}`}>
      <span aria-hidden="true">{is ? "✔" : "✖"}</span>
      {is ? "connected" : "not connected"}
    </span>
  );
}
