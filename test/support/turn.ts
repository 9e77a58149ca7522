import { lockFolder } from '#core/store/folder-lock.ts'
import { until } from './engines/process.ts'

/** Waits for the turn to work in a folder: suites that run beside this one wait for what it makes, and make none. */
export async function turnIn(folder: string, withinMs: number): Promise<Disposable> {
  let turn: Disposable | undefined
  const take = async () => {
    turn = lockFolder(folder)
    return true
  }
  await until(`the turn in ${folder}`, take, { withinMs })
  return turn!
}
