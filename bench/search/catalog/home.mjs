import { tool } from './define.mjs';

const entity = { 'entity_id!': 'Id of the entity, such as light.kitchen' };
const area = { area: 'Room or area', entity_id: 'One entity' };

export default [
  tool('HassTurnOn', 'Turns on or opens a device or entity: light, switch, fan, cover.', area),
  tool('HassTurnOff', 'Turns off or closes a device or entity.', area),
  tool('HassToggle', 'Toggles a device or entity.', area),
  tool('HassLightSet', 'Sets the brightness or color of a light.', {
    ...area,
    'brightness#': 'Percent',
    color: 'Name of the color',
    'temperature#': 'Color temperature in kelvin',
  }),
  tool('HassClimateSetTemperature', 'Sets the target temperature of a thermostat or air conditioner.', {
    ...area,
    'temperature!#': 'Degrees',
  }),
  tool('HassClimateGetTemperature', 'Gets the current temperature of a room or thermostat.', area),
  tool('HassSetHvacMode', 'Sets the mode of a thermostat: heat, cool, auto or off.', {
    ...area,
    'mode!': 'Mode',
  }),
  tool('HassSetCoverPosition', 'Sets the position of a blind, shutter, curtain or garage door.', {
    ...area,
    'position!#': 'Percent open',
  }),
  tool('HassLock', 'Locks a door.', entity),
  tool('HassUnlock', 'Unlocks a door.', entity),
  tool('HassVacuumStart', 'Starts a robot vacuum cleaner.', area),
  tool('HassVacuumReturnToBase', 'Sends a robot vacuum cleaner back to its dock.', area),
  tool('HassMediaPause', 'Pauses a media player, such as a TV.', area),
  tool('HassSetVolume', 'Sets the volume of a media player.', { ...area, 'volume_level!#': 'Percent' }),
  tool('HassFanSetSpeed', 'Sets the speed of a fan.', { ...area, 'percentage!#': 'Percent' }),
  tool('HassActivateScene', 'Activates a scene, such as movie night.', { 'scene!': 'Scene' }),
  tool('HassRunScript', 'Runs a script.', { 'script!': 'Script', 'variables{}': 'Variables' }),
  tool('HassTriggerAutomation', 'Triggers an automation by hand, or turns it on and off.', {
    'automation!': 'Automation',
    'enabled?': 'Whether it is on',
  }),
  tool('HassGetState', 'Gets the state of a device, sensor or entity.', entity),
  tool('HassGetHistory', 'Gets the history of an entity over a time span.', {
    ...entity,
    start: 'From',
    end: 'To',
  }),
  tool('HassListEntities', 'Lists devices and entities, by domain or area.', {
    domain: 'Such as light or sensor',
    area: 'Area',
  }),
  tool('HassGetEnergyUsage', 'Gets the energy consumption of the house or of a device.', {
    entity_id: 'Device',
    period: 'day, week or month',
  }),
  tool('HassCameraSnapshot', 'Takes a snapshot of a security camera.', entity),
  tool('HassArmAlarm', 'Arms or disarms the alarm system.', {
    'mode!': 'home, away or disarm',
    code: 'Code',
  }),
  tool('HassShoppingListAddItem', 'Adds an item to the shopping list.', { 'item!': 'Item' }),
];
