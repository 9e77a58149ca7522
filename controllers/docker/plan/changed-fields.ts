import { z } from 'zod'
import { type DesiredContainer, SPEC_LABEL } from '#schema/deployment/docker/desired-container.ts'
import { changedPointers, pointerOf } from '#schema/kernel/json-pointer.ts'

type Fields = Readonly<Record<string, unknown>>

const fields = z.record(z.string(), z.unknown()).nullish()
const words = z.array(z.string()).nullish()
const config = z.object({ Image: z.string().optional(), Cmd: words, Env: words, ExposedPorts: fields, Labels: fields })
const containerShape = z.object({
  Config: config,
  HostConfig: z.record(z.string(), z.unknown()),
  NetworkSettings: z.object({ Networks: fields }).nullish(),
})
const imageShape = z.object({ Config: config.nullish() })

/** What an outpost may have no wish of, and how the daemon shows that. */
const UNSET: Readonly<Record<string, unknown>> = { Memory: 0, NanoCpus: 0, NetworkMode: 'default' }
/** Says that something differs, when nobody can see what: another release has made it. */
const UNKNOWN = [pointerOf(['Labels', SPEC_LABEL])]

/**
 * Which fields of a container are not as wanted: pointers into the body of `POST /containers/create`, variables by their
 * names, never values. `shown` and `image` are what the daemon shows of the container and the image that it was made
 * from, whose own variables, labels and ports are no difference.
 */
export function changedFields(desired: DesiredContainer, shown: unknown, image: unknown): readonly string[] {
  const live = containerShape.safeParse(shown).data
  if (live === undefined) return UNKNOWN
  const changed = changedPointers(asShown(live, imageShape.safeParse(image).data?.Config, desired), asWanted(desired))
  return changed.length > 0 ? changed : UNKNOWN
}

function asWanted({ body, networks }: DesiredContainer): Fields {
  const host = body['HostConfig'] as Fields
  return {
    ...body,
    Env: variables(body['Env'] as string[]),
    Labels: withoutHash(body.Labels),
    HostConfig: { ...UNSET, ...host },
    NetworkingConfig: endpoints(networks),
  }
}

/** A live container in the words of what is wanted, without what comes from its image or the daemon itself. */
function asShown(
  { Config, HostConfig, NetworkSettings }: z.infer<typeof containerShape>,
  image: z.infer<typeof config> | null | undefined,
  { body }: DesiredContainer,
): Fields {
  const { Cmd, Env, ExposedPorts, HostConfig: host } = body
  const base = image === undefined ? undefined : { ...image, Env: variables(image?.Env) }
  const isOwnCmd = Cmd !== undefined || (base !== undefined && !isSame(Config.Cmd ?? [], base.Cmd ?? []))
  const usual = HostConfig['NetworkMode'] === 'default' ? 'bridge' : HostConfig['NetworkMode']
  return {
    Image: Config.Image,
    ...(isOwnCmd ? { Cmd: Config.Cmd } : {}),
    Env: own(variables(Config.Env), base?.Env, variables(Env as string[])),
    ExposedPorts: own(Config.ExposedPorts, base && (base.ExposedPorts ?? {}), ExposedPorts as Fields),
    Labels: own(withoutHash(Config.Labels ?? {}), base && (base.Labels ?? {}), body.Labels),
    HostConfig: {
      ...Object.fromEntries(Object.keys({ ...UNSET, ...(host as Fields) }).map((key) => [key, HostConfig[key]])),
      // The number of attempts is the daemon's.
      RestartPolicy: { Name: (HostConfig['RestartPolicy'] as { Name?: unknown } | undefined)?.Name },
    },
    NetworkingConfig: endpoints(Object.keys(NetworkSettings?.Networks ?? {}).filter((name) => name !== usual)),
  }
}

/** Members that are not the image's; of an image that is gone nobody knows which those are. */
function own(live: Fields | null | undefined, image: Fields | undefined, wanted: Fields): Fields {
  const isOwn = ([name, value]: [string, unknown]) =>
    Object.hasOwn(wanted, name) || (image !== undefined && !isSame(image[name], value))
  return Object.fromEntries(Object.entries(live ?? {}).filter(isOwn))
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

const variables = (list: readonly string[] | null | undefined): Fields =>
  Object.fromEntries((list ?? []).map((each) => [each.split('=')[0], each.slice(each.indexOf('=') + 1)]))

const withoutHash = ({ [SPEC_LABEL]: _, ...labels }: Fields): Fields => labels

const endpoints = (names: readonly string[]): Fields => ({
  EndpointsConfig: Object.fromEntries(names.map((name) => [name, {}])),
})
