/** Systems that the desktop application runs on; the values are those of `process.platform`. */
export type System = 'linux' | 'darwin' | 'win32';
export type Protocol = 'postgresql' | 'mysql' | 'sqlserver';

/**
 * Stands in plain data where the password goes, so that a window can show settings without holding a secret. Only who
 * writes a file or prints for a person fills it in, with {@link fill}.
 */
export const passwordPlaceholder = '{{password}}';

/** A gateway as a tool sees it, and what the settings for it depend on. Nothing in here is a secret. */
export interface Place {
  connection: string;
  title: string;
  protocol: Protocol;
  host: string;
  port: number;
  /** For libpq: the folder of the unix socket. */
  socketDirectory?: string;
  /** For MySQL clients: the unix socket itself. */
  socketPath?: string;
  database: string;
  username: string;
  /** The role that is asked for where a person has several; it goes into commands that get a password. */
  role?: string;
  /** Object id or sign-in name of the account, where several may; it goes into those commands, too. */
  as?: string;
  /** Tokens and handles are asked for in their short form. */
  short?: true;
  /** PEM file of the authority that signed the gateway's own certificate. */
  authorityFile?: string;
  /** PostgreSQL: the gateway asks for the password itself, for clients without SCRAM. */
  clientAuth?: 'password';
  /** The gateway takes encrypted connections only. */
  requireTls?: boolean;
  /** How this installation's `latchkey` command is called: program and first arguments, not quoted. */
  command: string[];
  system: System;
  /** What the tool calls it: service, data source, option group. The connection's name unless told. */
  name?: string;
  /** Names of the ODBC drivers of this machine, where they are known. */
  odbcDrivers?: string[];
}

export const toolIds = [
  'psql',
  'pgadmin',
  'dbeaver',
  'datagrip',
  'mysql',
  'workbench',
  'sqlcmd',
  'ssms',
  'vscode',
  'freetds',
  'odbc',
  'excel',
  'powerbi',
  'tableau',
  'jdbc',
  'dotnet',
  'python',
  'node',
  'r',
  'other',
] as const;
export type ToolId = (typeof toolIds)[number];

export interface Tool {
  id: ToolId;
  title: string;
  protocols: readonly Protocol[];
  /**
   * `handle`: the tool saves a password, and gets one that may be saved. `command`: it runs a command that prints a
   * fresh token. `none`: it asks for the password each time.
   */
  needs: 'handle' | 'command' | 'none';
  /** Where the tool is looked for: names in PATH, then full paths. Empty for what is a library or a driver. */
  programs: Record<System, readonly string[]>;
  /** Those that it runs on; absent where it runs on each. */
  systems?: readonly System[];
  settings(place: Place): Pick<ToolSettings, 'steps'> & Partial<ToolSettings>;
}

/** A part of a file in INI form that is replaced as a whole. */
export interface Section {
  name: string;
  /** The lines below the header; one of them has {@link mark}, by which the section is known as Latchkey's. */
  lines: string[];
}

/** What a section of Latchkey's says in one of its lines. Sections of the same name without it are the person's own. */
export const mark = 'Written by Latchkey';

export type Merge =
  | { kind: 'sections'; sections: Section[]; ignoreCase: boolean }
  /** A line of a pgpass file; the key is its first four fields, as the file escapes them. */
  | { kind: 'pgpass'; key: string; line: string }
  /** The file is Latchkey's alone. */
  | { kind: 'whole'; text: string };

export interface SettingsFile {
  /**
   * Candidates: the one whose folder exists counts, and a person chooses where there are several. `~/` is the home,
   * `$XDG_DATA_HOME/` that folder of the XDG specification, `%APPDATA%/` the Windows folder.
   */
  paths: string[];
  /** Variable that names another file for the tool, where the person has set it. */
  variable?: string;
  format: 'ini' | 'pgpass' | 'json' | 'text';
  mode: number;
  /** Whether the folder may be made, or its absence means that the tool has never run. */
  folder: 'create' | 'must-exist';
  merge: Merge;
  /** Whether {@link passwordPlaceholder} is in it. */
  secret: boolean;
}

export interface SettingsText {
  label: string;
  /** For highlighting, such as `ini`, `json`, `xml`, `sh`. */
  language: string;
  text: string;
  secret?: boolean;
}

export interface Opening {
  args: string[];
  /** Runs in the terminal, and is waited for. */
  terminal: boolean;
  /** The variable in which the tool takes a password. It gets a fresh token, in this one child only. */
  passwordVariable?: string;
  /** Variables that this one child gets, beside the password. */
  variables?: Record<string, string>;
  /** Variables that the tool must not inherit, since they would lead it past the gateway. */
  without?: readonly string[];
}

/**
 * What a tool brings; {@link Settings} adds which tool it is, and what it leaves out: the fields of every dialog, and no
 * texts and files.
 */
export interface ToolSettings {
  /** Plain sentences, in order. */
  steps: string[];
  /** For dialogs. */
  fields: { label: string; value: string; secret?: boolean }[];
  texts: SettingsText[];
  files: SettingsFile[];
  open?: Opening;
}

export interface Settings extends ToolSettings {
  tool: ToolId;
  title: string;
  needs: Tool['needs'];
}
