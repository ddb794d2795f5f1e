import { z } from 'zod';
import { applyChange, changeSchema } from '../change-schema.ts';
import { faultSchema, type Faults } from '../faults.ts';
import { noInput, operation } from './operation.ts';
import type { RequestLog } from '../request-log.ts';
import { settingsSchema } from '../settings.ts';
import type { Sts } from '../authority/sts.ts';

/** Faults, settings, keys, clock and the request log. */
export function serviceOperations(sts: Sts, faults: Faults, log: RequestLog) {
  return {
    faults: operation('GET', '/faults', 'Lists the faults that are set.', noInput, () => faults.list()),
    addFault: operation('POST', '/faults', 'Sets a fault.', faultSchema, (input) => ({
      id: faults.add(input),
    })),
    clearFaults: operation(
      'POST',
      '/faults/clear',
      'Clears one fault, or all of them.',
      z.strictObject({ id: z.number().int().optional() }).default({}),
      (input) => faults.clear(input.id),
    ),
    settings: operation('GET', '/settings', 'Shows lifetimes and limits.', noInput, () =>
      structuredClone(sts.settings),
    ),
    configure: operation(
      'POST',
      '/settings',
      'Changes lifetimes and limits; what is left out stays.',
      changeSchema(settingsSchema),
      (input) => {
        applyChange(sts.settings, input);
      },
    ),
    rotateKeys: operation(
      'POST',
      '/keys/rotate',
      'Signs with a new key from now on; dropOld takes the old ones out of the JWKS.',
      z.strictObject({ dropOld: z.boolean().default(false) }).default({ dropOld: false }),
      async (input) => ({ kid: await sts.keys.rotate(input) }),
    ),
    clock: operation('GET', '/clock', "Shows the tenant's time.", noInput, () => ({
      now: new Date(sts.clock.now()).toISOString(),
    })),
    shiftClock: operation(
      'POST',
      '/clock/shift',
      "Moves the tenant's clock by some seconds, on top of earlier moves.",
      z.strictObject({ seconds: z.number() }),
      (input) => {
        sts.clock.shift(input.seconds * 1000);
        return { now: new Date(sts.clock.now()).toISOString() };
      },
    ),
    requests: operation('GET', '/requests', 'Reads the request log, which holds no secrets.', noInput, () =>
      log.list(),
    ),
    clearRequests: operation('POST', '/requests/clear', 'Empties the request log.', noInput, () =>
      log.clear(),
    ),
  };
}
