import { readFile, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { contentSecurityPolicy, isOwnPage } from './origin.ts';

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/**
 * The answer to one request for a page's file: 403 for another method or origin, 404 for what is not a page's file
 * inside `folder`.
 */
export async function answerPageRequest(request: Request, folder: string): Promise<Response> {
  if (request.method !== 'GET' || !isOwnPage(request.url)) return refusal(403);
  const file = await findFile(new URL(request.url).pathname, folder);
  const type = file === undefined ? undefined : mediaTypes[extname(file)];
  if (file === undefined || type === undefined) return refusal(404);
  return new Response(await readFile(file), {
    headers: {
      'content-type': type,
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    },
  });
}

/** The real path must lie in the folder's real path: this also stops `%2e%2e%2f`, backslashes and symbolic links. */
async function findFile(pathname: string, folder: string): Promise<string | undefined> {
  try {
    const name = decodeURIComponent(pathname);
    if (name.includes('\0')) return undefined;
    const root = await realpath(folder);
    const file = await realpath(join(root, name));
    return file.startsWith(root + sep) ? file : undefined;
  } catch {
    return undefined;
  }
}

function refusal(status: number): Response {
  return new Response(null, { status, headers: { 'content-security-policy': contentSecurityPolicy } });
}
