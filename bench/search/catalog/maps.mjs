import { tool } from './define.mjs';

const place = { 'place_id!': 'Id of the place' };
const point = { 'latitude!#': 'Latitude', 'longitude!#': 'Longitude' };
const trip = { 'origin!': 'Start address or coordinates', 'destination!': 'End address or coordinates' };

export default [
  tool('maps_geocode', 'Convert an address into geographic coordinates.', { 'address!': 'Address' }),
  tool('maps_reverse_geocode', 'Convert coordinates into an address.', point),
  tool('maps_search_places', 'Search for places, such as restaurants, shops or sights, by text.', {
    'query!': 'What to look for',
    location: 'Where',
    'radius#': 'Meters',
    'openNow?': 'Only open ones',
  }),
  tool('maps_search_nearby', 'Find places of a type near a location.', {
    ...point,
    'type!': 'Such as pharmacy or parking',
    'radius#': 'Meters',
  }),
  tool(
    'maps_place_details',
    'Get details of a place: address, phone number, opening hours, website and rating.',
    place,
  ),
  tool('maps_place_reviews', 'Get reviews that people wrote about a place.', place),
  tool('maps_place_photos', 'Get photos of a place.', { ...place, 'maxPhotos#': 'How many' }),
  tool('maps_autocomplete', 'Suggest places while somebody types.', {
    'input!': 'What was typed',
    location: 'Where',
  }),
  tool('maps_directions', 'Get directions between two points by car, public transport, bicycle or on foot.', {
    ...trip,
    mode: 'driving, transit, bicycling or walking',
    'waypoints[]': 'Places on the way',
    departure_time: 'When',
    'avoidTolls?': 'Avoid toll roads',
  }),
  tool(
    'maps_distance_matrix',
    'Calculate travel distance and time between several origins and destinations.',
    { 'origins[]!': 'Origins', 'destinations[]!': 'Destinations', mode: 'Mode of travel' },
  ),
  tool('maps_optimize_route', 'Find the best order in which to visit a number of stops.', {
    ...trip,
    'stops[]!': 'Stops',
  }),
  tool('maps_traffic', 'Get the current traffic conditions on a route.', trip),
  tool('maps_transit_departures', 'Get the next departures of buses and trains at a stop.', {
    'stop!': 'Stop or station',
    'limit#': 'How many',
  }),
  tool('maps_elevation', 'Get the elevation above sea level of locations.', {
    'locations[]!': 'Coordinates',
  }),
  tool('maps_timezone', 'Get the time zone of a location.', point),
  tool('maps_static_map', 'Render a map image with markers.', {
    'center!': 'Center',
    'zoom#': 'Zoom',
    'markers[]': 'Markers',
  }),
  tool('maps_street_view', 'Get a Street View image of a location.', {
    ...point,
    'heading#': 'Compass direction',
  }),
  tool('maps_isochrone', 'Get the area that can be reached within a travel time.', {
    'origin!': 'Start',
    'minutes!#': 'Travel time',
    mode: 'Mode of travel',
  }),
  tool('maps_ev_charging', 'Find charging stations for electric cars, with connectors and availability.', {
    ...point,
    connector: 'Type of connector',
  }),
  tool('maps_parking', 'Find parking with price and free spaces.', point),
  tool('maps_weather_current', 'Get the current weather at a location.', point),
  tool('maps_weather_forecast', 'Get the weather forecast of the next days at a location.', {
    ...point,
    'days#': 'How many days',
  }),
  tool('maps_air_quality', 'Get air quality and pollutants at a location.', point),
  tool('maps_pollen', 'Get the pollen forecast at a location.', point),
  tool('maps_save_place', 'Save a place to one of your lists, such as favourites or want to go.', {
    ...place,
    'list!': 'Name of the list',
    note: 'Note',
  }),
];
