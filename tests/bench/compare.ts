import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** One way to the same database: its name, and what measures it. */
export interface Measured {
  title: string;
  unit: string;
  ways: { name: string; measure(): Promise<number> }[];
}

/** A pipe with nothing in front: what any proxy in Node pays at least. In a thread of its own, as the gateway is. */
const source = `
const { workerData, parentPort } = require('node:worker_threads');
const { connect, createServer } = require('node:net');
createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
  const far = connect({ port: workerData.port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  near.on('error', () => far.destroy()).pipe(far).on('error', () => near.destroy()).pipe(near);
}).listen(workerData.listen, '127.0.0.1', () => parentPort.postMessage('listening'));
`;

export async function startBarePipe(port: number, listen: number): Promise<Worker> {
  const pipe = new Worker(source, { eval: true, workerData: { port, listen } });
  await once(pipe, 'message');
  return pipe;
}

/**
 * Prints the best of interleaved rounds and its ratio to the first way. Only the ratios mean anything, and only on a
 * machine that does nothing else.
 */
export async function compare(measurements: readonly Measured[], rounds: number): Promise<void> {
  for (const { title, unit, ways } of measurements) {
    const best = new Map<string, number>();
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, measure } of ways) best.set(name, Math.max(best.get(name) ?? 0, await measure()));
    }
    const base = best.values().next().value ?? Number.NaN;
    const figures = [...best].map(
      ([name, value]) => `${name} ${value.toFixed(0)} (${(value / base).toFixed(2)})`,
    );
    process.stdout.write(`${title} [${unit}]: ${figures.join(' | ')}\n`);
  }
}
