import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

/**
 * Space for new objects that stays, in MB, of the main thread and of a worker that have had much to collect. It is the least of
 * the second half: on a busy machine a collection takes more for a moment.
 */
function lasting(first: string): [number, number] {
  const busy = `
    const { getHeapSpaceStatistics } = process.getBuiltinModule('v8');
    const kept = [];
    let least = Infinity;
    for (let round = 0; round < 400; round += 1) {
      kept[round % 20] = Array.from({ length: 5000 }, (_, at) => ({ round, at }));
      const space = getHeapSpaceStatistics().find((one) => one.space_name === 'new_space');
      if (round >= 200) least = Math.min(least, space.space_size / 1e6);
    }`;
  const script = `${first}
    const { Worker } = await import('node:worker_threads');
    ${busy}
    const worker = new Worker(${JSON.stringify(`${busy}; process.getBuiltinModule('node:worker_threads').parentPort.postMessage(least)`)}, { eval: true });
    worker.on('message', (inWorker) => console.log(JSON.stringify([least, inWorker])));`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return JSON.parse(out) as [number, number];
}

it('the space for new objects stays small, in the workers too', () => {
  const module = new URL('../../main/base/heap.ts', import.meta.url).href;
  expect(Math.min(...lasting(''))).toBeGreaterThan(8);
  const kept = lasting(`(await import('${module}')).keepHeapSmall();`);
  expect(Math.max(...kept)).toBeLessThan(7);
});
