import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '#schema/kernel/errors.ts'

/** What the system's error codes mean for somebody who chose a folder. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is no folder',
  EEXIST: 'there is something else in place of the folder',
  ENOENT: 'no folder can be made there',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  ENAMETOOLONG: 'the name is too long',
}

/** Makes sure that the folder is there, for its owner only, and can be written to; else a ConfigError names the setting. */
export function makeDataFolder(folder: string): void {
  try {
    make(folder)
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    const reason = REASONS[code] ?? (code || 'unknown reason')
    throw new ConfigError([`${folder} cannot be used: ${reason}; MARTELLO_DATA_DIR names the folder for data`])
  }
}

/** Folder by folder: where the system makes none though the parent is there, as below /proc, `recursive` tries for ever. */
function make(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return requireFolder(folder)
  const parent = dirname(folder)
  if (parent !== folder) make(parent)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Another process may have been faster.
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}

function requireFolder(path: string): void {
  if (!statSync(path).isDirectory()) throw Object.assign(new Error(path), { code: 'EEXIST' })
}
