import frame from '../../../internal/catalogue/en/frame.json'
import signin from '../../../internal/catalogue/en/signin.json'
import board from '../../../internal/catalogue/en/board.json'
import groups from '../../../internal/catalogue/en/groups.json'
import visit from '../../../internal/catalogue/en/visit.json'
import network from '../../../internal/catalogue/en/network.json'
import setup from '../../../internal/catalogue/en/setup.json'
import evacuation from '../../../internal/catalogue/en/evacuation.json'
import settings from '../../../internal/catalogue/en/settings.json'
import account from '../../../internal/catalogue/en/account.json'
import rolls from '../../../internal/catalogue/en/rolls.json'

/** What staff read, area by area. */
export default {
  ...frame,
  ...signin,
  ...board,
  ...groups,
  ...visit,
  ...network,
  ...setup,
  ...evacuation,
  ...settings,
  ...account,
  ...rolls,
}
