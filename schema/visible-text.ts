/**
 * A text from outside as people are to see it. What is invisible, turns the direction of writing or breaks lines unseen is shown by
 * its number: `rlo-<U+202E>fdp.exe`. Tabs and line breaks stay, and so does what joins the parts of one emoji. For pages, terminals
 * and tables: JSON has every text as it is.
 */
export function visibleText(text: string): string {
  const joint =
    /(?<=\p{Extended_Pictographic})\ufe0f|(?<=\p{Extended_Pictographic}[\ufe0f\p{Emoji_Modifier}]?)\u200d(?=\p{Extended_Pictographic})/u;
  const hidden = /[\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Surrogate}\ufff9-\ufffb]|(?![\t\n\r])\p{Cc}/u;
  return text.replace(new RegExp(`(${joint.source})|${hidden.source}`, "gu"), (character, joined?: string) => {
    return joined ?? `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`;
  });
}
