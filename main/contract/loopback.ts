/** The hosts that lead to this computer itself, as they stand in an address and in the Host header. */
export const loopbackNames: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** @param host as in an address, or IPv6 without its brackets */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && (host === '::1' || loopbackNames.includes(host));
}
