/**
 * "Command Phase" (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html) and MariaDB's
 * COM_STMT_BULK_EXECUTE (https://mariadb.com/kb/en/com_stmt_bulk_execute/).
 */
export const commands = {
  quit: 0x01,
  initDb: 0x02,
  query: 0x03,
  fieldList: 0x04,
  createDb: 0x05,
  dropDb: 0x06,
  refresh: 0x07,
  shutdown: 0x08,
  statistics: 0x09,
  processInfo: 0x0a,
  processKill: 0x0c,
  debug: 0x0d,
  ping: 0x0e,
  changeUser: 0x11,
  statementPrepare: 0x16,
  statementExecute: 0x17,
  statementSendLongData: 0x18,
  statementClose: 0x19,
  statementReset: 0x1a,
  setOption: 0x1b,
  statementFetch: 0x1c,
  resetConnection: 0x1f,
  statementBulkExecute: 0xfa,
} as const;

/**
 * What a server answers to a command, as far as its packets have to be told apart; `prepared-kill` for a statement whose
 * number has to be known.
 */
export type Reply = 'none' | 'single' | 'result' | 'prepared' | 'prepared-kill' | 'rows';

/**
 * Commands that are passed on. All others are not: a change of user would be a login that nobody has allowed, those of
 * replication read all that there is, and of one that is not known nobody knows what it does or how it is answered.
 */
export const passedOn: ReadonlyMap<number, Reply> = new Map<number, Reply>([
  [commands.quit, 'none'],
  [commands.initDb, 'single'],
  [commands.query, 'result'],
  [commands.fieldList, 'rows'],
  [commands.createDb, 'single'],
  [commands.dropDb, 'single'],
  [commands.refresh, 'single'],
  [commands.shutdown, 'single'],
  [commands.statistics, 'single'],
  [commands.processInfo, 'result'],
  [commands.processKill, 'single'],
  [commands.debug, 'single'],
  [commands.ping, 'single'],
  [commands.statementPrepare, 'prepared'],
  [commands.statementExecute, 'result'],
  [commands.statementSendLongData, 'none'],
  [commands.statementClose, 'none'],
  [commands.statementReset, 'single'],
  [commands.setOption, 'single'],
  [commands.statementFetch, 'rows'],
  [commands.resetConnection, 'single'],
  [commands.statementBulkExecute, 'result'],
]);
