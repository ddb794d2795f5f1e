import type { LiveSessions } from './live-sessions.ts';
import type { SessionTraffic } from './ports.ts';
import type { UpstreamWatch } from './upstream-watch.ts';

const trafficEveryMs = 2000;

/**
 * Looks after the open sessions every two seconds: reports what has gone through them, and whether their servers are
 * still there. A gateway without any does nothing at all.
 */
export function createTrafficReports(
  live: LiveSessions,
  watch: UpstreamWatch,
  report: (news: SessionTraffic[]) => void,
) {
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    void watch.look();
    const news = live.traffic();
    if (news.length > 0) report(news);
    if (live.size === 0) watch.rest();
    timer = live.size > 0 ? setTimeout(look, trafficEveryMs) : undefined;
  }

  return {
    /** A session has been opened. */
    begin(): void {
      timer ??= setTimeout(look, trafficEveryMs);
    },
    close: (): void => clearTimeout(timer),
  };
}
