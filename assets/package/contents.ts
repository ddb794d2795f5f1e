import { createHash } from 'node:crypto';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package of npm that the bundler has put at least one file of into dist/. */
export interface BundledPackage {
  name: string;
  version: string;
  /** SPDX, as the package states it. */
  license: string;
  /** Of the archive in the registry, in hexadecimal; from package-lock.json. */
  sha512: string;
  homepage?: string;
  /** Its licence in full. */
  text: string;
}

interface Manifest {
  name: string;
  version: string;
  license?: string;
  homepage?: string;
}

const json = <T>(...path: string[]): T => JSON.parse(readFileSync(join(...path), 'utf8')) as T;

/** @throws where there are no source maps, or a package has no licence: then nobody could say what is inside */
export function bundledPackages(project: string): BundledPackage[] {
  // A pattern would leave out names that begin with a dot, which the bundler gives to some.
  const maps = readdirSync(join(project, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.map'))
    .map((path) => join('dist', path));
  if (maps.length === 0) throw new Error('dist/ has no source maps; run `npm run build` first');
  const folders = new Set<string>();
  for (const map of maps) {
    for (const source of json<{ sources: string[] }>(project, map).sources) {
      const [found] = /(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(source) ?? [];
      if (found !== undefined) folders.add(found.slice(found.indexOf('node_modules/')));
    }
  }
  for (const folder of packagesOfFonts(project)) folders.add(folder);
  if (existsSync(join(project, 'dist/build/koffi')))
    folders.add(`node_modules/@koromix/koffi-linux-${process.arch}`);
  const { packages } = json<{ packages: Record<string, { integrity?: string }> }>(
    project,
    'package-lock.json',
  );
  return [...folders].toSorted().map((folder) => {
    const { name, version, license, homepage } = json<Manifest>(project, folder, 'package.json');
    const [file] = globSync('{LICENSE,LICENCE,license,licence,COPYING}*', { cwd: join(project, folder) });
    const integrity = packages[folder]?.integrity;
    if (license === undefined || integrity?.startsWith('sha512-') !== true)
      throw new Error(`${folder} has no licence, or no SHA-512 in package-lock.json`);
    return {
      name,
      version,
      license,
      sha512: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex'),
      ...(homepage === undefined ? {} : { homepage }),
      text:
        file === undefined ? `Licence: ${license}` : readFileSync(join(project, folder, file), 'utf8').trim(),
    };
  });
}

/** Source maps tell nothing of files that a stylesheet names: these are the packages that the window's fonts come from. */
function packagesOfFonts(project: string): string[] {
  const named = globSync('renderer/**/*.css', { cwd: project }).flatMap((path) =>
    [
      ...readFileSync(join(project, path), 'utf8').matchAll(
        /url\(['"]?((?:@[^/'"]+\/)?[^./'"][^/'"]*)\/[^)]*\.woff2/g,
      ),
    ].map(([, name = '']) => `node_modules/${name}`),
  );
  const isIn = globSync('dist/renderer/assets/*.woff2', { cwd: project }).length > 0;
  if (isIn && named.length === 0)
    throw new Error('no stylesheet says which package the fonts in dist/ come from');
  return isIn ? named : [];
}

/** Our licence, and those of the packages. Electron's and Chromium's are beside its program. */
export function notices(project: string, packages: readonly BundledPackage[]): string {
  const line = '-'.repeat(80);
  const ours = readFileSync(join(project, 'LICENSE'), 'utf8').trim();
  const theirs = packages.map(
    ({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}`,
  );
  return `${[`Latchkey\n\n${ours}`, 'It contains the following packages.', ...theirs].join(`\n\n${line}\n\n`)}\n`;
}

/** CycloneDX 1.6: the application, the packages in it, and the runtime that it is packed with. */
export function softwareBill(project: string, packages: readonly BundledPackage[]): object {
  const { name, version, license, devDependencies } = json<
    Manifest & { devDependencies: Record<string, string> }
  >(project, 'package.json');
  const purl = (of: string, at: string): string => `pkg:npm/${of.replace('@', '%40')}@${at}`;
  const root = purl(name, version);
  const electron = { name: 'electron', version: devDependencies['electron'] ?? '' };
  const libraries = packages.map((each) => ({
    type: 'library',
    'bom-ref': purl(each.name, each.version),
    ...(each.name.startsWith('@') ? { group: each.name.split('/')[0] } : {}),
    name: each.name.split('/').at(-1),
    version: each.version,
    purl: purl(each.name, each.version),
    // An expression of SPDX has spaces; an identifier has none.
    licenses: [each.license.includes(' ') ? { expression: each.license } : { license: { id: each.license } }],
    hashes: [{ alg: 'SHA-512', content: each.sha512 }],
  }));
  const framework = {
    type: 'framework',
    'bom-ref': purl(electron.name, electron.version),
    ...electron,
    purl: purl(electron.name, electron.version),
    licenses: [{ license: { id: 'MIT' } }],
  };
  const components = [framework, ...libraries];
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    // The same contents have the same number, so that builds can be compared.
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify([root, components]))}`,
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': root,
        name,
        version,
        purl: root,
        licenses: [{ license: { id: license } }],
      },
    },
    components,
    dependencies: [{ ref: root, dependsOn: components.map((component) => component['bom-ref']) }],
  };
}

/** RFC 9562, version 8: a hash of our own choice. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
