import { isIP } from 'node:net';
import { loopbackNames } from '../contract/loopback.ts';

/** Whether this is an address of this computer itself, whose traffic leaves it for nobody to see. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  return isIP(address) === 4 ? address.startsWith('127.') : address === '::1';
}

/** Whether it is one of the names that lead to this computer itself, as they stand in an address. */
export function isLoopbackName(name: string): boolean {
  return loopbackNames.includes(name);
}
