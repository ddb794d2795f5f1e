import { z } from 'zod';
import { applyChange, changeSchema } from '../change-schema.ts';
import { faultSchema, type Faults } from '../faults.ts';
import { get, noInput, post } from './operation.ts';
import type { RequestLog } from '../request-log.ts';
import { settingsSchema } from '../settings.ts';
import type { Sts } from '../authority/sts.ts';

/** Faults, settings, keys, clock and the request log. */
export function serviceOperations(sts: Sts, faults: Faults, log: RequestLog) {
  return {
    faults: get('/faults', 'Lists the faults that are set.', () => faults.list()),
    addFault: post('/faults', 'Sets a fault.', faultSchema, (input) => ({ id: faults.add(input) })),
    clearFaults: post(
      '/faults/clear',
      'Clears one fault, or all of them.',
      z.strictObject({ id: z.number().int().optional() }).default({}),
      (input) => faults.clear(input.id),
    ),
    settings: get('/settings', 'Shows lifetimes and limits.', () => structuredClone(sts.settings)),
    configure: post(
      '/settings',
      'Changes lifetimes and limits; what is left out stays.',
      changeSchema(settingsSchema),
      (input) => {
        applyChange(sts.settings, input);
      },
    ),
    rotateKeys: post(
      '/keys/rotate',
      'Signs with a new key from now on; dropOld takes the old ones out of the JWKS.',
      z.strictObject({ dropOld: z.boolean().default(false) }).default({ dropOld: false }),
      async (input) => ({ kid: await sts.keys.rotate(input) }),
    ),
    clock: get('/clock', "Shows the tenant's time.", () => ({
      now: new Date(sts.clock.now()).toISOString(),
    })),
    shiftClock: post(
      '/clock/shift',
      "Moves the tenant's clock by some seconds, on top of earlier moves.",
      z.strictObject({ seconds: z.number() }),
      (input) => {
        sts.clock.shift(input.seconds * 1000);
        return { now: new Date(sts.clock.now()).toISOString() };
      },
    ),
    requests: get('/requests', 'Reads the request log, which holds no secrets.', () => log.list()),
    clearRequests: post('/requests/clear', 'Empties the request log.', noInput, () => log.clear()),
  };
}
