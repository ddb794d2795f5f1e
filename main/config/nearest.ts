/**
 * The known word that `word` was probably meant to be, by edit distance (at most a third of the letters wrong,
 * upper and lower case and "_"/"-" apart), or undefined where none is near.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[_-]/g, '');
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(plain(word), plain(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [leftIndex, leftLetter] of [...left].entries()) {
    const next = [leftIndex + 1];
    for (const [rightIndex, rightLetter] of [...right].entries()) {
      const change = (row[rightIndex] ?? 0) + (leftLetter === rightLetter ? 0 : 1);
      next.push(Math.min(change, (row[rightIndex + 1] ?? 0) + 1, (next[rightIndex] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
