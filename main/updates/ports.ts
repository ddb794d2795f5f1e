import type { UpdateChannel, UpdateState } from '../contract/update-state.ts';
import type { FetchLike } from '../contract/http.ts';
import type { Audit } from '../audit/audit.ts';

/** A file of a release as its signed metadata has it. */
export interface ReleaseFile {
  /** Below the folder of the server. */
  url: string;
  /** In base64. */
  sha512: string;
  size?: number;
}

/** A release whose signature has been verified. */
export interface Release {
  version: string;
  files: readonly ReleaseFile[];
  /** The folder on the server, with a slash at its end. */
  base: string;
}

type Origin = 'built-in' | 'organisation' | 'person';

/** What the configuration says of updates now, and who has set it. */
export interface UpdateWishes {
  enabled: { value: boolean; origin: Origin };
  channel: { value: UpdateChannel; origin: Origin; locked: boolean };
  version?: { value: string; origin: Origin };
  server?: { value: string; origin: Origin };
}

/** An application that can put a newer version in its own place. */
export type OwnInstallation = { kind: 'app-image'; file: string } | { kind: 'nsis' | 'mac' };

/** How this application came to this computer; some are replaced from outside only. */
export type Installation = OwnInstallation | { kind: 'deb' | 'rpm' | 'archive' | 'msi' };

/** Fetches a release and puts it in place of this application. */
export interface Installer {
  /**
   * @param tell gets whole per cents
   * @throws LatchkeyError `update-unreachable`, `update-untrusted` for a file that is not the signed one, `update-failed`
   */
  download(release: Release, tell: (percent: number) => void): Promise<void>;
  /**
   * What was downloaded last takes this one's place, and the application starts anew.
   * @param beforeEnd is asked once nothing else can fail; where it throws, this one goes on
   * @throws LatchkeyError as download
   */
  install(beforeEnd: () => Promise<void>): Promise<void>;
  close(): void;
}

/** The application as it was built and runs. */
export interface OwnApplication {
  version: string;
  isPackaged: boolean;
  /** Fingerprints of the keys that sign releases; several while one takes the place of another. */
  releaseKeys: readonly string[];
  /** The public server: the folder with the files of the releases. */
  publicServer: string;
  installation: Installation;
}

/** What the broker gives to whoever looks after updates. */
export interface UpdateServices {
  wishes(): UpdateWishes;
  /** How many database sessions are open. */
  liveSessions(): number;
  /** The home's folder. */
  home: string;
  fetch: FetchLike;
  audit: Pick<Audit, 'append'>;
  changed(): void;
  log(line: string): void;
  now(): number;
}

/** Newer versions of this application. */
export interface Updates {
  state(): UpdateState;
  /**
   * Looks for a newer version now. It is downloaded afterwards where this installation can replace itself.
   * @throws LatchkeyError `updates-off`, `update-unreachable`, `update-untrusted`
   */
  check(): Promise<void>;
  /**
   * Puts the version that is ready in place, and starts it.
   * @param endSessions whether open database sessions may end by it
   * @throws LatchkeyError `updates-off`, `update-not-ready`, `sessions-open`, `update-untrusted`, `update-failed`
   */
  install(endSessions: boolean): Promise<void>;
  /** The configuration may say something else. */
  configurationChanged(): void;
  close(): Promise<void>;
}
