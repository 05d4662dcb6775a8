/** A process that greets, and answers the first message by one that never ends. */

const PIECE = "x".repeat(65_536);

process.stdout.write('"ready"\n');
process.stdin.once("data", function print() {
  process.stdout.write(PIECE, print);
});
