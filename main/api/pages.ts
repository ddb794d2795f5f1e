import { expositionType } from '../fleet/exposition.ts';
import type { Monitor } from '../broker/monitor.ts';

export interface Page {
  status: 200 | 503;
  type: string;
  text: string;
}

/** What programs that watch ask for by GET, in the forms that they know: Prometheus' text, and health by status. */
export function pagesOf({
  metrics,
  health,
}: Pick<Monitor, 'metrics' | 'health'>): ReadonlyMap<string, () => Page> {
  const plain = 'text/plain; charset=utf-8';
  return new Map<string, () => Page>([
    ['/metrics', () => ({ status: 200, type: expositionType, text: metrics() })],
    // That there is an answer is the answer.
    ['/livez', () => ({ status: 200, type: plain, text: 'ok\n' })],
    [
      '/readyz',
      () => {
        const { isReady, checks } = health();
        const lines = checks.map(({ name, isOk }) => `${isOk ? '[+]' : '[-]'} ${name}\n`);
        return { status: isReady ? 200 : 503, type: plain, text: lines.join('') };
      },
    ],
  ]);
}

/** Headers of such an answer. */
export function pageHeaders({ type, text }: Page): Record<string, string | number> {
  return {
    'content-length': Buffer.byteLength(text),
    'content-type': type,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
}
