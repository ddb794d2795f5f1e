import { createHash, type KeyObject } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { stringify } from 'yaml';
import { signRelease, type ReleasePayload } from '../../main/updates/release.ts';

/** Of a file; a large one stays on the disk. */
type Content = string | { path: string };

export interface ReleaseServer {
  /** The folder with the releases. */
  address: string;
  /** What is there, by name. */
  files: Map<string, Content>;
  /** What was asked for, oldest first. */
  asked: { path: string; headers: IncomingHttpHeaders }[];
  /** Answers with this in place of a file, where it is set. */
  answer?: ((path: string) => { status: number; location?: string } | undefined) | undefined;
  close(): Promise<void>;
}

/** A static web server of this computer, as the one of the releases and each mirror of it. */
export async function startReleaseServer(): Promise<ReleaseServer> {
  const files: ReleaseServer['files'] = new Map();
  const site: ReleaseServer = { address: '', files, asked: [], close: async () => undefined };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    site.asked.push({ path, headers: request.headers });
    const other = site.answer?.(path);
    const file = files.get(path.replace(/^\/releases\//, ''));
    if (other !== undefined)
      response
        .writeHead(other.status, other.location === undefined ? {} : { location: other.location })
        .end();
    else if (file === undefined) response.writeHead(404).end();
    else if (typeof file === 'string')
      response.writeHead(200, { 'content-length': Buffer.byteLength(file) }).end(file);
    else createReadStream(file.path).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  site.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/releases`;
  site.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return site;
}

const sha512 = (bytes: string): string => createHash('sha512').update(bytes).digest('base64');

/** Metadata as electron-builder writes it. */
export function metadata(version: string, files: Record<string, string>): string {
  const listed = Object.entries(files).map(([url, bytes]) => ({
    url,
    sha512: sha512(bytes),
    size: Buffer.byteLength(bytes),
  }));
  const [first] = listed;
  return stringify({
    version,
    files: listed,
    path: first?.url,
    sha512: first?.sha512,
    releaseDate: '2026-12-01T00:00:00.000Z',
  });
}

export interface Published extends Partial<Pick<ReleasePayload, 'name' | 'serial' | 'metadata'>> {
  version?: string;
  /** What the packages hold, by name. */
  packages?: Record<string, string>;
}

/** Puts a release where it is found, signed with a key. */
export function publish(server: ReleaseServer, key: KeyObject, given: Published = {}): void {
  const { version = '0.2.0', name = 'latest-linux.yml', serial = 7 } = given;
  const { packages = { [`latchkey-${version}-linux-x86_64.AppImage`]: `the program of ${version}` } } = given;
  for (const [file, bytes] of Object.entries(packages)) server.files.set(file, bytes);
  const text = given.metadata ?? metadata(version, packages);
  const signed = signRelease(
    { format: 1, serial, issuedAt: '2026-12-01T00:00:00Z', name, metadata: text },
    key,
  );
  server.files.set(`${name}.jws`, `${signed}\n`);
  server.files.set(name.replace(/^(latest|beta)/, version).concat('.jws'), `${signed}\n`);
}
