import { shell } from 'electron';
import { httpsAddress } from '../contract/https-address.ts';

/** The only way from the application to the system's browser. @throws TypeError for what is not https */
export async function openExternal(address: string): Promise<void> {
  await shell.openExternal(httpsAddress(address));
}
