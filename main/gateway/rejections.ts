import type { Gatekeeper } from './ports.ts';

type Rejection = Parameters<Gatekeeper['rejected']>[0];

const perSecond = 10;

/**
 * Passes rejections of one listener on, a few each second: whoever floods the port must not flood the audit with them.
 * Those left out are counted in the next one.
 */
export function createRejections(tell: Gatekeeper['rejected']): (rejection: Rejection) => void {
  let second = 0;
  let told = 0;
  let unreported = 0;
  return (rejection) => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) {
      second = now;
      told = 0;
    }
    if (told >= perSecond) {
      unreported += 1;
      return;
    }
    told += 1;
    tell(unreported === 0 ? rejection : { ...rejection, unreported });
    unreported = 0;
  };
}
