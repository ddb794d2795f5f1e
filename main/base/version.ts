import { release } from 'node:os';
import packageJson from '../../package.json' with { type: 'json' };
import type { Versions } from '../contract/shapes.ts';
import { defined } from './defined.ts';

export const version: string = packageJson.version;

/** What runs, and on what. */
export function versions(): Versions {
  const { electron, node, chrome: chromium } = process.versions;
  const { platform, arch } = process;
  return { version, node, platform, arch, release: release(), ...defined({ electron, chromium }) };
}
