/** Overrides, embeddings, isolates, marks and control characters: they can make a name look like another one. */
// oxlint-disable-next-line no-control-regex -- these are what has to show
const steering = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * A name that somebody else has chosen: of a person, a group, a database, a program. It is text only, isolated so that
 * it cannot reorder what stands around it, and characters that would reorder its own letters show as a replacement mark.
 */
export function Name({ children }: { children: string }) {
  return <bdi>{plainText(children)}</bdi>;
}

/** The same where only text can stand, such as an entry of a native list. */
export function plainText(name: string): string {
  return name.replace(steering, '\uFFFD');
}
