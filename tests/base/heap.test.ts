import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** Largest space for new objects, in MB, of the main thread and of a worker that have had much to collect. */
function largest(first: string): [number, number] {
  const busy = `
    const { getHeapSpaceStatistics } = process.getBuiltinModule('v8');
    const kept = [];
    let most = 0;
    for (let round = 0; round < 400; round += 1) {
      kept[round % 20] = Array.from({ length: 5000 }, (_, at) => ({ round, at }));
      const space = getHeapSpaceStatistics().find((one) => one.space_name === 'new_space');
      most = Math.max(most, space.space_size / 1e6);
    }`;
  const script = `${first}
    const { Worker } = await import('node:worker_threads');
    ${busy}
    const worker = new Worker(${JSON.stringify(`${busy}; process.getBuiltinModule('node:worker_threads').parentPort.postMessage(most)`)}, { eval: true });
    worker.on('message', (inWorker) => console.log(JSON.stringify([most, inWorker])));`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return JSON.parse(out) as [number, number];
}

it('the space for new objects stays small, in the workers too', () => {
  const module = new URL('../../main/base/heap.ts', import.meta.url).href;
  expect(Math.min(...largest(''))).toBeGreaterThan(8);
  const kept = largest(`(await import('${module}')).keepHeapSmall();`);
  expect(Math.max(...kept)).toBeLessThan(7);
});
