import { auditDiskFull } from './audit-disk-full.ts';
import { auditKills } from './audit-kills.ts';
import { auditVerify } from './audit-verify.ts';
import { bearerAlone } from './bearer-alone.ts';
import { canaries } from './canaries.ts';
import { crowd } from './crowd.ts';
import { cycles } from './cycles.ts';
import { guesses } from './guesses.ts';
import { hostileHttp } from './hostile-http.ts';
import { ipc } from './ipc.ts';
import { malformedTcp } from './malformed-tcp.ts';
import { parserTarget } from './parsers.ts';
import { people } from './people.ts';
import { pipelinedCut } from './pipelined-cut.ts';
import { reload } from './reload.ts';
import { revocation } from './revocation.ts';
import { saveFaults } from './save-faults.ts';
import { sealedDamage } from './sealed-damage.ts';
import { slowClients } from './slow-clients.ts';
import type { Target } from './target.ts';
import { totp } from './totp.ts';
import { upstreamFaults } from './upstream-faults.ts';
import { virtualClock } from './virtual-clock.ts';

/** In the order of docs/SECURITY.md. */
export const targets: readonly Target[] = [
  hostileHttp,
  parserTarget,
  malformedTcp,
  crowd,
  slowClients,
  auditKills,
  saveFaults,
  auditDiskFull,
  revocation,
  virtualClock,
  guesses,
  totp,
  canaries,
  upstreamFaults,
  cycles,
  sealedDamage,
  ipc,
  pipelinedCut,
  people,
  reload,
  bearerAlone,
  auditVerify,
];
