import { protocol, type Session } from 'electron';
import { appScheme } from './origin.ts';
import { answerPageRequest } from './page-files.ts';

/** To be called before Electron is ready: a standard, secure scheme gets an origin and a content security policy. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: appScheme, privileges: { standard: true, secure: true, codeCache: true } },
  ]);
}

/** Serves the files of `folder`, and nothing else, at `latchkey://app/` in this session. */
export function serveRenderer(session: Session, folder: string): void {
  session.protocol.handle(appScheme, (request) => answerPageRequest(request, folder));
}
