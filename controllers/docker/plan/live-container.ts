import { z } from 'zod'

/** A container as the daemon shows it, as far as it matters here. */
export interface LiveContainer {
  readonly id: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** `sha256:…` of the image that it was made from. */
  readonly imageId: string
  readonly status: string
  /** `none` without a health check. */
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy'
  /** ms since the epoch; 0 if it never ran. */
  readonly startedAt: number
  /** ms since the epoch; 0 if it never ended. */
  readonly finishedAt: number
  readonly restarts: number
  readonly exitCode: number
}

const shape = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  RestartCount: z.number().default(0),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
  State: z.object({
    Status: z.string(),
    StartedAt: z.string().default(''),
    FinishedAt: z.string().default(''),
    ExitCode: z.number().default(0),
    Health: z.object({ Status: z.string() }).nullish(),
  }),
})
const HEALTHS = ['none', 'starting', 'healthy', 'unhealthy'] as const

/** Reads the answer of `GET /containers/{id}/json`; undefined for anything else. */
export function readContainer(body: unknown): LiveContainer | undefined {
  const parsed = shape.safeParse(body)
  if (!parsed.success) return undefined
  const { Id, Name, Image, RestartCount, Config, State } = parsed.data
  return {
    id: Id,
    name: Name.replace(/^\//, ''),
    labels: Config.Labels ?? {},
    imageId: Image,
    status: State.Status,
    health: HEALTHS.find((each) => each === State.Health?.Status) ?? 'none',
    startedAt: epochMs(State.StartedAt),
    finishedAt: epochMs(State.FinishedAt),
    restarts: RestartCount,
    exitCode: State.ExitCode,
  }
}

/** Whether processes of it are there. */
export function isUp({ status }: LiveContainer): boolean {
  return status === 'running' || status === 'restarting' || status === 'paused'
}

/** The year 1 stands for never. */
const epochMs = (time: string) => Math.max(0, Date.parse(time) || 0)
