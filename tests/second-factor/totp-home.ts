// Without vitest, for the child processes of the tests.
import { join } from 'node:path';
import { stepSeconds } from '../../main/second-factor/totp-code.ts';
import { createTotp, type Totp } from '../../main/second-factor/totp.ts';
import { createAesSeal } from '../../main/store/seal.ts';
import { createSecretStore, type SecretStore } from '../../main/store/secret-store.ts';

export const alice = {
  tenantId: '0f5a0000-0000-4000-8000-000000000001',
  objectId: '0f5a0000-0000-4000-8000-00000000a11c',
  username: 'alice@contoso.example',
};
/** 2026-06-01T12:00:00Z, the beginning of a step. */
export const noon = Date.UTC(2026, 5, 1, 12);
export const stepMs = stepSeconds * 1000;

export interface TotpHome {
  folder: string;
  secrets: SecretStore;
  totp: Totp;
  /** Milliseconds since 1970; the tests set it. */
  time: number;
}

/** What a new process on the folder has: nothing but what is on the disk. */
export function openTotp(folder: string, time = noon): TotpHome {
  const seal = createAesSeal('key-file', Buffer.alloc(32, 7));
  const secrets = createSecretStore({ folder: join(folder, 'sealed'), seal });
  const home: TotpHome = {
    folder,
    secrets,
    time,
    totp: createTotp({
      folder: join(folder, 'mfa'),
      secrets,
      seal,
      issuer: 'Latchkey',
      now: () => home.time,
    }),
  };
  return home;
}
