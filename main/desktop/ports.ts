import type { ActionHandlers } from '../contract/action-schemas.ts';
import type { ApiAction } from '../contract/actions.ts';
import type { ImportedConnections } from '../contract/connection-shapes.ts';
import type { FetchLike } from '../contract/http.ts';
import type { AuditFilter } from '../contract/audit-shapes.ts';
import type { ConnectSettings, ConnectTool } from '../contract/shapes.ts';
import type { AppState } from '../contract/state.ts';
import type { Seal } from '../store/seal.ts';

/** Settings of SQL tools for a connection. All of them reject for a connection or a tool that there is not. */
export interface DesktopConnect {
  tools(connection: string): Promise<ConnectTool[]>;
  /** With a word where a password goes, never with one. */
  settings(connection: string, tool: string, as?: string, role?: string): Promise<ConnectSettings>;
  /** The text with this index in the settings. */
  text(connection: string, tool: string, index: number, as?: string, role?: string): Promise<string>;
  /** The value of one field of the settings. */
  field(connection: string, tool: string, index: number, as?: string, role?: string): Promise<string>;
  /** Writes the files of the tool, with a handle where they hold a password; resolves to their paths. */
  write(connection: string, tool: string, as?: string, role?: string): Promise<string[]>;
  open(connection: string, tool: string, as?: string, role?: string): Promise<void>;
}

/** Connections in the words of the configuration file, and as the files of other tools have them; never a password. */
export interface ConnectionLists {
  /** Undefined for what is no URL of a database. */
  ofUrl(text: string): ImportedConnections | undefined;
  /** @throws LatchkeyError `request-invalid` for what is no list */
  ofFile(text: string, label: string): ImportedConnections;
  /** @param portable without the ports and files of this computer */
  exportText(connections: readonly Record<string, unknown>[], portable: boolean): string;
}

/** What the desktop needs of the broker. Every promise rejects with a LatchkeyError when the action is not possible. */
export interface DesktopBroker {
  /** What the broker itself does. */
  actions: ActionHandlers<ApiAction>;
  state(): AppState;
  /** Calls back after every change; returns the way to stop. */
  subscribe(listener: (state: AppState) => void): () => void;
  connect: DesktopConnect;
  lists: ConnectionLists;
  close(end?: { reason: string; graceMs?: number }): Promise<void>;
  auditFolder: string;
  logFile: string;
  /** Writes the records that fit into a file; resolves to how many there are. */
  exportAudit(filter: AuditFilter, path: string): Promise<number>;
  /** Origin of the local tenant, such as `https://localhost:9443`; its pages may then be opened beside Microsoft's. */
  localTenantOrigin?(): string | undefined;
  /** After sleep or unlock: deadlines may have passed while no timer ran. */
  recheck?(): void;
  /** The screen has been locked: programs that were allowed until then are asked about again. */
  locked(): Promise<void>;
  unlocked(how: 'screen' | 'window'): Promise<void>;
}

/** The login for a proxy that asks for one, or undefined where nobody knows it. */
export type ProxyLogin = (proxy: {
  host: string;
  port: number;
}) => { username: string; password: string } | undefined;

/** What only Electron can give to the broker. */
export interface DesktopPlatform {
  seal: Seal;
  /** Fetch that knows the system's proxy and its certificate store, and that keeps no cookies. */
  fetchWith(login: ProxyLogin): FetchLike;
  /** Opens a page in the system's browser. */
  openBrowser(url: string): Promise<void>;
  quit(): void;
  /** Ends the application, and starts this program in its place. */
  restartFrom(program: string): void;
}
