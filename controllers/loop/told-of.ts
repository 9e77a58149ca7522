import { CoreRefusedError, CoreUnreachableError, type MartelloError, problemsOf } from '#schema/kernel/errors.ts'

/** What a command tells of the error that ended it: a line for each problem, with the setting that may be wrong. */
export function toldOf(error: MartelloError): readonly string[] {
  return problemsOf(error).map((problem) => `${error.code}: ${problem}${hintOf(error)}`)
}

function hintOf(error: MartelloError): string {
  const status = error instanceof CoreRefusedError ? error.status : undefined
  if (status === 401 || status === 403)
    return '; MARTELLO_TOKEN has to be an API token of the user martello-controller, or of an administrator'
  return status === 404 || error instanceof CoreUnreachableError ? '; MARTELLO_HOST is the URL of the core' : ''
}
