/** What the system's error codes mean for somebody who chose a folder. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is no folder',
  EEXIST: 'there is a file in place of the folder',
  EISDIR: 'there is a folder in place of the file',
}
/** The same of SQLite (https://sqlite.org/rescode.html). */
const SQLITE_REASONS: Readonly<Record<number, string>> = {
  3: REASONS['EACCES']!,
  8: 'it is read-only',
  13: REASONS['ENOSPC']!,
  14: REASONS['EACCES']!,
}

/** Says what is wrong with a file or folder below the data folder, why, and how to choose another folder. */
export function folderProblem(path: string, cause: unknown): string {
  return `${path} cannot be used: ${reasonOf(cause)}; MARTELLO_DATA_DIR names the folder for data`
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown reason'
  if ('errcode' in cause) return SQLITE_REASONS[Number(cause.errcode)] ?? `SQLite error ${String(cause.errcode)}`
  if ('code' in cause) return REASONS[String(cause.code)] ?? String(cause.code)
  return cause.message.split('\n')[0] || 'unknown reason'
}
