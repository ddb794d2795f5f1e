/** Semantic Versioning 2.0.0, without build metadata, which says nothing of the order. */
const pattern =
  /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?$/;

export const isVersion = (text: string): boolean => text.length <= 100 && pattern.test(text);

/** A version that is being tried out. */
export const isPreRelease = (version: string): boolean => version.includes('-');

/** Negative where the first comes before the second (section 11). Both have to be versions. */
export function compareVersions(one: string, other: string): number {
  const [first, second] = [partsOf(one), partsOf(other)];
  for (const place of [0, 1, 2]) {
    const difference = (first.numbers[place] ?? 0) - (second.numbers[place] ?? 0);
    if (difference !== 0) return difference;
  }
  if (first.before.length === 0 || second.before.length === 0)
    return Number(first.before.length === 0) - Number(second.before.length === 0);
  for (const [place, mine] of first.before.entries()) {
    const theirs = second.before[place];
    if (theirs === undefined) return 1;
    const difference = compareIdentifiers(mine, theirs);
    if (difference !== 0) return difference;
  }
  return first.before.length - second.before.length;
}

function partsOf(version: string): { numbers: number[]; before: string[] } {
  const found = pattern.exec(version);
  if (found === null) throw new TypeError(`${version} is no version`);
  const [, major, minor, patch, before = ''] = found;
  return { numbers: [major, minor, patch].map(Number), before: before === '' ? [] : before.split('.') };
}

/** Numbers come before words; words are in the order of ASCII. */
function compareIdentifiers(one: string, other: string): number {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)];
  if (isNumber && isOtherNumber) return Number(one) - Number(other);
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return one === other ? 0 : one < other ? -1 : 1;
}
