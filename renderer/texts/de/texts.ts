import type { Screens } from '../words.ts';
import { about } from './about.ts';
import { access } from './access.ts';
import { activity } from './activity.ts';
import { audit } from './audit.ts';
import { common } from './common.ts';
import { connect } from './connect.ts';
import { connections } from './connections.ts';
import { doctor } from './doctor.ts';
import { faults } from './faults.ts';
import { firstRun } from './first-run.ts';
import { flyout } from './flyout.ts';
import { frame } from './frame.ts';
import { organisation } from './organisation.ts';
import { problems } from './problems.ts';
import { prompts } from './prompts.ts';
import { providers } from './providers.ts';
import { security } from './security.ts';
import { settings } from './settings.ts';
import { signIn } from './sign-in.ts';
import { tools } from './tools.ts';

export const de = {
  about,
  access,
  activity,
  audit,
  common,
  connect,
  connections,
  doctor,
  faults,
  firstRun,
  flyout,
  frame,
  organisation,
  problems,
  prompts,
  providers,
  security,
  settings,
  signIn,
  tools,
} satisfies Record<Screens, object>;
