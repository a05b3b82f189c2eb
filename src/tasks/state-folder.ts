import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where the user's own folders are. */
export interface UserEnvironment {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/**
 * The folder for state of a user's programs by each platform's convention: XDG's base directories, Apple's
 * Application Support, Windows' local AppData.
 */
export function defaultStateFolder(user: UserEnvironment = thisUser()): string {
  const { platform, env, home } = user;
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'glossa');
  const [named, fallback] =
    platform === 'win32'
      ? [env['LOCALAPPDATA'], join(home, 'AppData', 'Local')]
      : [env['XDG_STATE_HOME'], join(home, '.local', 'state')];
  // XDG: a relative path is to be ignored.
  return join(named !== undefined && isAbsolute(named) ? named : fallback, 'glossa');
}

function thisUser(): UserEnvironment {
  return { platform: process.platform, env: process.env, home: homedir() };
}
