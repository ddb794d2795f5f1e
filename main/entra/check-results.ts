import type { LatchkeyError } from '../contract/errors.ts';
import type { Check } from '../contract/shapes.ts';
import { defined } from '../base/defined.ts';

export function ok(name: string, message: string): Check {
  return { name, result: 'ok', message };
}

export function failed(name: string, message: string, remedy: string): Check {
  return { name, result: 'failed', message, remedy };
}

export function failedBy(name: string, { message, remedy, entra }: LatchkeyError): Check {
  return { name, result: 'failed', message, ...defined({ remedy, aadsts: entra?.aadsts }) };
}

export function skipped(name: string, why: string): Check {
  return { name, result: 'skipped', message: `Not checked: ${why}.` };
}
