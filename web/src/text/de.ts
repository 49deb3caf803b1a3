import frame from '../../../internal/catalogue/de/frame.json'
import signin from '../../../internal/catalogue/de/signin.json'
import board from '../../../internal/catalogue/de/board.json'
import groups from '../../../internal/catalogue/de/groups.json'
import visit from '../../../internal/catalogue/de/visit.json'
import network from '../../../internal/catalogue/de/network.json'
import setup from '../../../internal/catalogue/de/setup.json'
import evacuation from '../../../internal/catalogue/de/evacuation.json'
import settings from '../../../internal/catalogue/de/settings.json'
import account from '../../../internal/catalogue/de/account.json'
import rolls from '../../../internal/catalogue/de/rolls.json'

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
