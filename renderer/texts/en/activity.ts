import type { ReactNode } from 'react';
import { rich } from '../rich.ts';
import { words } from '../words.ts';
import { plural } from './plural.ts';

export const activity = words('activity', {
  activity: 'Activity',
  databaseProgramAccountOrRole: 'Database, program, account or role',
  tokenRevoked: 'Token revoked',
  tokens: 'Tokens',
  revokeAll: 'Revoke all',
  noTokenIsValidRightNow: 'No token is valid right now',
  copyOneFromAConnectionWhen: 'Copy one from a connection when a tool asks for a password.',
  role: (role: ReactNode, uses: ReactNode) => rich`role ${role} · ${uses}`,
  left: (clockLeft: string) => `${clockLeft} left`,
  revokeTheTokenForRole: (title: string, role: string) => `Revoke the token for ${title}, role ${role}`,
  revokeAllTokens: 'Revoke all tokens?',
  everyTokenStopsWorkingAndThe:
    'Every token stops working, and the database sessions that were opened with them end at once.',
  allTokensRevoked: 'All tokens revoked',
  notUsedYet: 'not used yet',
  usedTimes: (count: number) => plural(count, 'used once', `used ${count} times`),
  nothing: 'Nothing',
  program: 'Program',
  allSessionsEnded: 'All sessions ended',
  sessionEnded: 'Session ended',
  liveDatabaseSessions: 'Live database sessions',
  groupBy: 'Group by',
  endAll: 'End all',
  nobodyIsConnected: 'Nobody is connected.',
  nobodyIsConnectedHeading: 'Nobody is connected',
  loginsOfYourSqlToolsAppear: 'Logins of your SQL tools appear here while they last.',
  sessions: 'Sessions',
  noLiveSessionFitsTheSearch: 'No live session fits the search.',
  process: (pid: number) => `process ${pid}, `,
  givesItselfNoName: 'gives itself no name',
  callsItself: (program: ReactNode) => rich`calls itself ${program}`,
  databaseRole: (title: ReactNode, database: ReactNode, role: ReactNode) =>
    rich`${title} · database ${database} · role ${role}`,
  withARevokedPassword: 'with a saved password that has been revoked',
  withTheSavedPasswordOf: (tool: ReactNode) => rich`with the saved password of ${tool}`,
  connected: (ago: string) => `connected ${ago}`,
  sentReceived: (bytesFromClient: string, bytesFromUpstream: string) =>
    `${bytesFromClient} sent, ${bytesFromUpstream} received`,
  endTheSessionOfOn: (program: string, title: string) => `End the session of ${program} on ${title}`,
  end: 'End',
  unknownProgram: 'Unknown program',
  endThisSession: 'End this session?',
  losesItsConnectionToAtOnce: (session: ReactNode, database: ReactNode) =>
    rich`${session} loses its connection to ${database} at once. A query that is running stops, and an open transaction is rolled back.`,
  endSession: 'End session',
  endAllSessions: 'End all sessions?',
  sessionsEndAtOnce: (count: number) =>
    plural(
      count,
      'One database session ends at once. A query that is running stops, and an open transaction is rolled back. Tokens and saved passwords stay valid, so that tools may connect again.',
      `${count} database sessions end at once. Queries that are running stop, and open transactions are rolled back. Tokens and saved passwords stay valid, so that tools may connect again.`,
    ),
  refusedLately: 'Refused lately',
  refusedLoginsTheNewestFirst: 'Refused logins, the newest first',
  activityHasMore: (refused: number) => `Activity has ${refused} more.`,
  recentLoginsAndRefusals: 'Recent logins and refusals',
  onlyRefusals: 'Only refusals',
  whatYourSqlToolsTryAppears:
    'What your SQL tools try appears here, with the words that they were told. The audit has it for good.',
  recentLoginsTheNewestFirst: 'Recent logins, the newest first',
  noLoginsYet: 'No logins yet',
  nobodyWasRefused: 'Nobody was refused',
  noLoginFitsTheSearch: 'No login fits the search',
  loggedInTo: (program: ReactNode, title: ReactNode) => rich`${program} logged in to ${title}`,
  wasRefusedAt: (program: ReactNode, title: ReactNode) => rich`${program} was refused at ${title}`,
  database: (database: ReactNode) => rich` · database ${database}`,
  inRole: (role: ReactNode) => rich` · role ${role}`,
});
