import type { Audit } from '../audit/audit.ts';
import { auditFault } from '../audit/fault.ts';
import { noted } from '../audit/recorded.ts';
import { toProblem } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import type { OrganisationAddress } from './address.ts';
import { acceptBundle, type Bundle } from './bundle.ts';
import { fetchBundle, type Fetched } from './fetch.ts';
import { isFileAddress, readBundle } from './read-file.ts';
import type { KeptOrganisation } from './kept.ts';

export interface IntakeOptions {
  kept: KeptOrganisation;
  fetch: FetchLike;
  audit: Pick<Audit, 'append'>;
  /** @throws LatchkeyError `config-invalid` where its settings have faults, whatever the person has set */
  checkBundle(bundle: Bundle, address: OrganisationAddress): void;
  /** Milliseconds since 1970. */
  now(): number;
  signal: AbortSignal;
}

/** What a server or a file has given, and may count. */
export interface Taken extends Fetched {
  address: OrganisationAddress;
  bundle: Bundle;
}

/** Fetches bundles and lets none through that may not count; such a one is on record. */
export function createIntake({ kept, fetch, audit, checkBundle, now, signal }: IntakeOptions) {
  let lastRefused: string | undefined;

  /** Once for the same answer, however often it comes. */
  async function recordRefused({ url, fingerprint }: OrganisationAddress, text: string, error: unknown) {
    const fault = auditFault(toProblem(error));
    const refused = JSON.stringify([url, fault.code, text]);
    if (refused === lastRefused) return;
    lastRefused = refused;
    await noted(audit, { event: 'organisation-refused', url, key: fingerprint, ...fault });
  }

  async function accepted(address: OrganisationAddress, found: Fetched): Promise<Taken> {
    try {
      const bundle = acceptBundle(found.text, await kept.trustIn(address), now());
      checkBundle(bundle, address);
      return { ...found, address, bundle };
    } catch (error) {
      await recordRefused(address, found.text, error);
      throw error;
    }
  }

  /**
   * @param etag of what is there already; without one there is always an answer
   * @returns undefined where the server has the same, or a file that was joined is gone
   * @throws LatchkeyError `bundle-…`, `config-invalid`
   */
  async function newer(address: OrganisationAddress, etag?: string): Promise<Taken | undefined> {
    const found = isFileAddress(address)
      ? await readBundle(address.url, etag)
      : await fetchBundle(fetch, address.url, { etag, signal });
    return found && accepted(address, found);
  }

  return {
    newer,
    async fetched(address: OrganisationAddress): Promise<Taken> {
      const taken = await newer(address);
      if (taken === undefined) throw new TypeError('nothing was fetched');
      return taken;
    },
  };
}
