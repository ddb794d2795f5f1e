import { Client } from 'pg';
import type { Way } from './rounds.ts';

/** So many clients of PostgreSQL that log in, ask one thing and leave, over and over; each time is that of the login. */
export async function reconnect(
  { host, port, user, password, database }: Way,
  clients: number,
  seconds: number,
): Promise<{ rate: number; milliseconds: number[] }> {
  const milliseconds: number[] = [];
  const began = performance.now();
  const until = began + seconds * 1000;
  async function comeAndGo(): Promise<void> {
    while (performance.now() < until) {
      const client = new Client({ host, port, user, password, database, ssl: false });
      const before = performance.now();
      await client.connect();
      milliseconds.push(performance.now() - before);
      await client.query('select 1');
      await client.end();
    }
  }
  await Promise.all(Array.from({ length: clients }, comeAndGo));
  return { rate: (milliseconds.length * 1000) / (performance.now() - began), milliseconds };
}
