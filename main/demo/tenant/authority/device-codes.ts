import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Application } from '../directory-schema.ts';
import type { Account, Tenant } from '../directory.ts';
import type { StsError } from '../sts-errors.ts';
import type { TenantSettings } from '../settings.ts';
import { opaqueToken } from './token-issuer.ts';

export type DeviceCodeState =
  | { kind: 'pending' }
  | { kind: 'approved'; account: Account; mfaDone: boolean; askedAt: number }
  | { kind: 'declined' }
  /** The sign-in ended in a refusal, which the next poll gets. */
  | { kind: 'refused'; error: StsError }
  | { kind: 'redeemed' };

/** One device authorization (RFC 8628 section 3.2). */
export interface DeviceCode {
  deviceCode: string;
  userCode: string;
  application: Application;
  /** Undefined for `common` and `organizations`: the user decides. */
  tenant: Tenant | undefined;
  /** The scope parameter as sent. */
  scope: string;
  isCaeClient: boolean;
  /** The browser's own session does not count (prompt=login). */
  mustAsk: boolean;
  intervalSeconds: number;
  /** Milliseconds of the tenant's clock. */
  expiresAt: number;
  lastPollAt: number | undefined;
  state: DeviceCodeState;
}

export interface DeviceCodes {
  create(
    request: Pick<DeviceCode, 'application' | 'tenant' | 'scope' | 'isCaeClient' | 'mustAsk'>,
  ): DeviceCode;
  byDeviceCode(deviceCode: string): DeviceCode | undefined;
  /** Case, blanks and hyphens do not matter in a typed code. */
  byUserCode(userCode: string): DeviceCode | undefined;
  isExpired(code: DeviceCode): boolean;
  list(): DeviceCode[];
}

// No vowels, so that no words come out (RFC 8628 section 6.1): 20^9 codes.
const letters = 'BCDFGHJKLMNPQRSTVWXZ';
const userCodeLength = 9;
const keepExpiredMilliseconds = 60 * 60 * 1000;

export function createDeviceCodes(clock: Clock, settings: TenantSettings): DeviceCodes {
  const codes = new Map<string, DeviceCode>();
  const prune = (): void => {
    for (const [key, code] of codes) {
      if (code.expiresAt + keepExpiredMilliseconds < clock.now()) codes.delete(key);
    }
  };
  const byUserCode = (userCode: string): DeviceCode | undefined => {
    const wanted = userCode.toUpperCase().replaceAll(/[\s-]/g, '');
    return [...codes.values()].find((code) => code.userCode === wanted);
  };
  return {
    create: (request) => {
      prune();
      let userCode = newUserCode();
      while (byUserCode(userCode) !== undefined) userCode = newUserCode();
      const code: DeviceCode = {
        ...request,
        deviceCode: opaqueToken('D'),
        userCode,
        intervalSeconds: settings.intervalSeconds,
        expiresAt: clock.now() + settings.deviceCodeSeconds * 1000,
        lastPollAt: undefined,
        state: { kind: 'pending' },
      };
      codes.set(code.deviceCode, code);
      return code;
    },
    byDeviceCode: (deviceCode) => codes.get(deviceCode),
    byUserCode,
    isExpired: (code) => code.expiresAt <= clock.now(),
    list: () => [...codes.values()],
  };
}

function newUserCode(): string {
  return Array.from({ length: userCodeLength }, () => letters[randomInt(letters.length)]).join('');
}
