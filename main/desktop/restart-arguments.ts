/**
 * What the application is started with once a newer version is in its place: the places and switches of this start, and the
 * window, since a person has asked for it. A link has been followed already.
 * @param argv of this process
 */
export function restartArguments(argv: readonly string[]): string[] {
  return argv.slice(1).filter((one) => one !== '--hidden' && !/^latchkey:/i.test(one));
}
