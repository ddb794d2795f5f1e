import type { PageName } from '../contract/bridge.ts';

/** The window's own scheme and page; see scheme.ts for how it is served. */
export const appScheme = 'latchkey';
export const appOrigin = `${appScheme}://app`;
export const startPage = `${appOrigin}/index.html`;

/** All windows load the same file, which asks its address whose page it is. */
export function pageAddress(page: PageName): string {
  return page === 'main' ? startPage : `${startPage}?page=${page}`;
}

/** True for addresses of our own pages. The parts are compared, since the origin of such a scheme is opaque to Node. */
export function isOwnPage(address: string): boolean {
  try {
    const url = new URL(address);
    return (
      url.protocol === `${appScheme}:` && url.host === 'app' && url.username === '' && url.password === ''
    );
  } catch {
    return false;
  }
}

/**
 * Policy of every page: scripts, styles and fonts only from our own files, no connections, no frames, and no script from
 * text (Trusted Types without a single policy), so that a name out of the directory can never become code.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');
