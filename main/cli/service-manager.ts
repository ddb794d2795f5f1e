import { execFile } from 'node:child_process';

/**
 * Tells systemd how far the service is (sd_notify(3)), where its unit has Type=notify; elsewhere it does nothing. Node has
 * no datagram sockets of Unix, so that systemd's own program sends it.
 * @param state such as `READY=1`
 * @param failed is told why systemd does not know it
 */
export async function tellServiceManager(state: string, failed: (reason: string) => void): Promise<void> {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  // Without the number systemd would take the program for the service.
  const parameters = [`--pid=${process.pid}`, state];
  await new Promise<void>((resolve) => {
    execFile('systemd-notify', parameters, { timeout: 10_000 }, (error) => {
      if (error !== null) failed(`systemd was not told ${state}: ${error.message}`);
      resolve();
    });
  });
}
