import type { StageExecutor } from './stage.ts'
import { identification } from './stages/identification/identification.ts'
import { password } from './stages/password/password.ts'
import { userLogin } from './stages/user-login/user-login.ts'
import { userLogout } from './stages/user-logout/user-logout.ts'

/** What each kind of stage (column `stages.kind`) does. */
export const STAGES: Readonly<Record<string, StageExecutor>> = {
  identification,
  password,
  user_login: userLogin,
  user_logout: userLogout,
}
