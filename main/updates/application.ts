import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { version } from '../base/version.ts';
import { isFingerprint } from '../organisation/address.ts';
import { isPackaged } from '../store/own-command.ts';
import { ownInstallation } from './installation.ts';
import type { OwnApplication } from './ports.ts';

/** What the package says of itself, as far as it is used. */
const manifest = z.object({
  homepage: z.url({ protocol: /^https$/ }),
  latchkey: z.object({ releaseKeys: z.array(z.string().refine(isFingerprint)).max(20) }),
});

/** @param packageFile `package.json` of the application, which is inside its archive and guarded with it */
export function ownApplication(packageFile: string): OwnApplication {
  const { homepage, latchkey } = manifest.parse(JSON.parse(readFileSync(packageFile, 'utf8')));
  return {
    version,
    isPackaged: isPackaged(),
    releaseKeys: latchkey.releaseKeys,
    publicServer: new URL('releases/', homepage).href,
    installation: ownInstallation(),
  };
}
