import { guid } from './guid.ts';

/** What a first provider is called: the first word of its domain; a tenant that is told by its id has none. */
export function providerNameOf(authority: string): string {
  const last = authority
    .toLowerCase()
    .split('/')
    .findLast((part) => part.includes('.') || guid.test(part));
  const [word = ''] = guid.test(last ?? '') ? [] : (last ?? '').split('.');
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(word) && word !== 'login' ? word : 'entra';
}
