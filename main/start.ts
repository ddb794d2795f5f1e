import { leaveAppImage } from './base/app-image.ts';
import { keepHeapSmall } from './base/heap.ts';
import { packagedArguments } from './cli/packaged-arguments.ts';

/**
 * What Electron starts. The packaged program is the command line as well, on Electron's own Node: with a command it does
 * what the command does, before Electron looks for a screen, and ends. Each half is loaded only where it is meant.
 */
leaveAppImage();
// With `electron <folder>` the first argument is the folder, and the command line runs from its sources.
const ofCommand = process.defaultApp === true ? undefined : packagedArguments(process.argv);
if (ofCommand === undefined) {
  keepHeapSmall();
  await import('./index.ts');
} else {
  process.argv = [process.execPath, process.execPath, ...ofCommand];
  await import('./cli/index.ts');
  // Electron would go on to open its display. Pipes may still be full where a write does not block.
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => void stream.write('', () => resolve()));
  process.exit();
}
