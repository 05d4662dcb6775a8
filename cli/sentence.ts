/** Something that the user can put right; its message is one sentence. */
export class Sentence extends Error {
  override readonly name = "Sentence";
}
