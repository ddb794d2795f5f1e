import { createRequire } from 'node:module';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** As electron-builder itself finds what it depends on. */
const requireOfBuilder = createRequire(
  createRequire(createRequire(import.meta.url).resolve('electron-builder/package.json')).resolve(
    'app-builder-lib/package.json',
  ),
);

interface Fuses {
  /** Names of the fuses by their places, and the other way round. */
  FuseV1Options: Record<string, string | number>;
  /** Characters by places; 48 is "0" for off, 49 is "1" for on. */
  getCurrentFuseWire(program: string): Promise<Record<string, unknown>>;
}

/** The fuses of an Electron program that are on or off, by their names. */
export async function readFuses(program: string): Promise<Record<string, boolean>> {
  const { FuseV1Options, getCurrentFuseWire } = requireOfBuilder('@electron/fuses') as Fuses;
  const wire = await getCurrentFuseWire(program);
  return Object.fromEntries(
    Object.entries(wire).flatMap(([place, state]) => {
      const name = FuseV1Options[place];
      return typeof name === 'string' && (state === 48 || state === 49) ? [[name, state === 49]] : [];
    }),
  );
}

interface Archives {
  extractAll(archive: string, folder: string): void;
  createPackage(folder: string, archive: string): Promise<void>;
}

/** What reads and writes the archive of an application. */
export const archiveOf = (): Archives => requireOfBuilder('@electron/asar') as Archives;

/** Puts the AppRun into the folder that electron-builder would put into an AppImage, for the program beside it. @returns its path */
export async function writeAppRun(folder: string, ExecutableName: string): Promise<string> {
  const { generateAppRunScript } = requireOfBuilder('./out/targets/appimage/appImageUtil.js') as {
    generateAppRunScript(config: object): string;
  };
  const path = join(folder, 'AppRun');
  await writeFile(
    path,
    generateAppRunScript({
      ExecutableName,
      DesktopFileName: `${ExecutableName}.desktop`,
      ProductName: 'Latchkey',
      ProductFilename: 'Latchkey',
      ResourceName: `appimagekit-${ExecutableName}`,
    }),
  );
  await chmod(path, 0o755);
  return path;
}
