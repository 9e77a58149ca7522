import { dockerAgent, localDockerUrl } from '#controllers/docker/connect.ts'
import { EngineApi } from '#controllers/docker/engine-api.ts'
import { MartelloError } from '#schema/kernel/errors.ts'

/** compat: the name that the reference gives it. */
const NAME = 'Local Docker connection'

/** A connection to the daemon that a local one would reach, if it is behind a unix socket and answers. */
export async function findDocker(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<object | undefined> {
  const url = localDockerUrl(env)
  return url.startsWith('unix:') && (await reachesDocker(env, signal)) ? { name: NAME, local: true, url } : undefined
}

/** Whether the daemon that a local connection leads to answers. */
export async function reachesDocker(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    using api = new EngineApi(dockerAgent({ url: localDockerUrl(env), local: true }, env))
    await api.call({ path: '/_ping', signal })
    return true
  } catch (error) {
    if (!(error instanceof MartelloError)) throw error
    return false
  }
}
