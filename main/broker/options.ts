import type { Audit } from '../audit/audit.ts';
import type { OnStep } from '../base/closers.ts';
import type { ConfigurationSource, LoadedConfiguration, OrganisationSource } from '../config/load.ts';
import type { FetchLike } from '../contract/http.ts';
import type { GatewayThreads } from '../gateway/threads.ts';
import type { KeptOrganisation } from '../organisation/kept.ts';
import type { Home } from '../store/home.ts';
import type { Seal } from '../store/seal.ts';
import type { Updates, UpdateServices } from '../updates/ports.ts';
import type { InForce } from './in-force.ts';

export interface BrokerOptions {
  version: string;
  /** As `source` had it at the start; see in-force.ts for what counts later. */
  loaded: LoadedConfiguration;
  home: Home;
  seal: Seal;
  /** Where the configuration came from: changes are written into the person's file. */
  source: ConfigurationSource;
  /** What of an organisation was joined by its address, and the file of this computer, which comes before it. */
  organisation: { kept: KeptOrganisation; machine: OrganisationSource };
  /** HTTP with the system's trust and proxy, or with the local tenant's own certificate authority. */
  fetchWith(caFile: string | undefined): FetchLike;
  /** Opens a page in the system's browser. */
  openBrowser(url: string): Promise<void>;
  /** No screen shows prompts: what a person has to do is told in the SQL client's own error. */
  headless: boolean;
  gatewayThreads: GatewayThreads;
  /** Looks after newer versions of the application; without it nobody does. Called once. */
  openUpdates?: ((services: UpdateServices) => Updates) | undefined;
  /** For the log of the process: one line, no secrets. */
  log(line: string): void;
  onStep?: OnStep | undefined;
}

/** What the parts of the broker are opened with. */
export interface PartOptions extends Omit<BrokerOptions, 'loaded'> {
  inForce: InForce;
  /** The user whom this process belongs to; undefined on systems without user ids. */
  uid: number | undefined;
}

/** What nearly every part of the broker takes. */
export interface Services {
  audit: Audit;
  /** To be called whenever the state may be another. */
  changed(): void;
  /** For the log of the process: one line, no secrets. */
  log(line: string): void;
  /** Milliseconds since 1970. */
  now(): number;
}
