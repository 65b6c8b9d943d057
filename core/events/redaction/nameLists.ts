/** Words for the name rules: given names that are hardly ever anything else, and words that are no names where one may stand. */
import { listed } from './tokens.ts';

/** Common where English is spoken on the telephone; names that are words too (Will, Grace, Mark, May) are left out. */
export const COMMON_GIVEN_NAMES = listed(`
  james john robert michael david william richard joseph thomas charles christopher daniel matthew anthony steven andrew
  paul joshua kenneth kevin brian george timothy ronald jason edward jeffrey ryan jacob gary nicholas eric jonathan stephen
  larry justin scott brandon benjamin samuel gregory alexander patrick raymond jack dennis jerry tyler aaron jose adam nathan
  henry zachary douglas peter kyle noah ethan jeremy walter christian keith roger terry austin sean gerald carl harold dylan
  arthur lawrence jordan jesse bryan billy bruce gabriel joe logan alan juan albert willie elijah wayne randy vincent mason
  roy ralph bobby russell bradley philip eugene liam oliver mary patricia jennifer linda elizabeth barbara susan jessica karen
  sarah lisa nancy sandra betty ashley emily kimberly margaret donna michelle carol amanda melissa deborah stephanie rebecca
  sharon laura cynthia dorothy amy kathleen angela shirley emma brenda pamela nicole anna samantha katherine christine debra
  rachel carolyn janet maria olivia heather helen catherine diane julie victoria joyce lauren kelly christina joan evelyn
  judith andrea hannah megan cheryl jacqueline martha madison teresa gloria sara janice ann kathryn abigail sophia frances
  jean alice judy isabella julia denise amber doris marilyn danielle beverly theresa sophie charlotte lucy carlos luis miguel
  pedro ana carmen sofia elena mohammed muhammad ahmed ali fatima aisha omar hassan ibrahim wei chen ming priya rahul anil
  sanjay deepak raj amit neha anita ravi olga ivan dmitri natasha sergei hans klaus jürgen greta pierre marie jacques giovanni
  giulia marco luca yuki hiroshi kenji sakura`);

/** Function words and what else follows "I'm", "this is", "hello" and "my name is" without being a name. */
export const NO_NAMES = listed(`
  a an the this that these those it its it's he she they we you i me him her them us my your his our their and or but if so
  because as of in on at by for from with about to into over after before under up down out off not no yes yeah yep ok okay
  oh well just really very too also only then than when where why how what who which all some any every each both more most
  is isn't are aren't was wasn't were be been being am do does did don't doesn't didn't have has had having can can't could
  would should will won't shall may might must let let's get got getting go going gone come coming make making take taking
  i'm i've i'd i'll you're we're they're that's there's here's what's
  there here now today tomorrow tonight yesterday morning afternoon evening night again back still already always never
  sir madam ma'am miss everyone everybody someone somebody anyone folks guys friend team customer service support agent
  assistant representative manager operator speaking calling listening looking trying happy sorry glad sure afraid ready
  fine good great right correct wrong true interested wondering having done able unable unavailable available waiting
  please thank thanks hello hi hey welcome goodbye bye
  spelled spelt spelling misspelled registered listed written different changed missing required optional account card order
  booking reservation number email address phone date birth code question problem issue help reason call name
  monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october
  november december christmas easter english spanish french german american british canadian mexican indian chinese japanese
  italian dutch russian irish australian visa mastercard amazon google apple microsoft paypal
  first last middle full real own new old next previous another other same own maybe perhaps actually basically probably`);
