"""The drawings of the package, in the language of ``mesa_gym.rendering.drawing``.

Each drawing derives its light and dark shades from the main colour, so that a red door is still a
door and still red; fittings (a door's knob, a chest's lock) have fixed colours. Shape alone
distinguishes things. Some drawings are painted over others in one cell (a cover over a vent): their
descriptions say so.
"""

KIND_DRAWINGS = """
agent: a small robot that looks at you
  inked ink line 5 50,12 50,24
  inked brass disc 50,11 5.5
  inked main-35 box 30,78 46,93 4 >24,0 + box 11,36 19,54 3 >70,0
  inked main-20 box 30,58 70,84 8
  inked main box 17,22 83,68 14
  fill white disc 35.5,42 11.5 >29,0
  fill ink disc 35.5,43.5 6 >29,0 + line 4.5 42,59 58,59
leader: a crowned pawn, to the left of its cell: a beacon behind it stays in sight
  part -5,21 76
  inked main poly 43,50 57,50 76,93 24,93 + box 22,85 78,94 4
  inked main+35 box 34,50 66,57 3
  inked skin disc 50,37 15
  fill ink disc 44,38 3 >12,0
  inked brass poly 33,28 30,6 42,16 50,3 58,16 70,6 67,28
monster: a horned ghost that bares its teeth
  inked main+60 poly 60,24 90,3 84,36 + poly 40,24 10,3 16,36
  inked main box 12,15 88,120 36 & poly 0,0 100,0 88,95 75,80 62,95 50,80 38,95 25,80 12,95
  fill white disc 33,38 11 >34,0
  fill main-35 it & poly 50,42 90,20 10,20
  fill ink disc 36,41 5 >28,0 + box 26,55 74,72 6
  fill white poly 27,55 41,55 34,67 >16,0*2 & it
supervisor: head and shoulders of a person in a wide hat, one great eye on you
  inked main box 13,74 87,130 20
  fill white poly 38,74 62,74 50,97
  inked ink poly 47,80 53,80 56,100 44,100
  inked skin box 25,25 75,82 24
  inked white disc 50,34 25 & disc 50,73 25
  fill ink disc 50,53.5 8.5
  inked main-25 box 27,4 73,36 10
  inked main-25 box 5,29 95,38 4.5
  fill main+60 box 27,21 73,28
apple: an apple with a stalk and a leaf
  inked wood line 3.5 49,34 50,20 56,10
  inked main disc 34,52 24 >30,0 + disc 41,68 24 >16,0
  fill main-60 line 4 42,36 49,42 56,36
  inked leaf disc 73,29 19 & disc 68,8 19
  fill main+60 line 6 22,50 26,62
fruit: a pear to the left of its cell; pip1 to pip3 are painted beside it
  inked wood line 3.5 36,22 37,12 44,6
  inked main disc 36,30 12 + poly 25,28 47,28 62,60 10,60 + disc 36,66 27
  fill main+60 line 6 20,60 19,72
  fill ink line 4 32,90 40,90
plum: a round plum with a crease from top to bottom
  inked wood line 3.5 54,26 60,8
  inked main disc 48.5,57 33
  fill main-60 line 5 54,27 44,56 54,88
  fill main+60 line 6 24,48 26,64
pip1: the lowest of three pips: riper than a fruit without any
  inked main box 72,72 92,92 5
pip2: the middle pip: riper still
  inked main box 72,39 92,59 5
pip3: the highest pip: ripe
  inked main box 72,6 92,26 5
tree: a fir in three tiers
  inked wood box 42,70 56,95
  inked main poly 49,40 91,80 7,80
  fill main-30 it & box 49,0 100,100
  inked main poly 49,22 82,58 16,58
  fill main-30 it & box 49,0 100,100
  inked main poly 49,4 73,36 25,36
  fill main-30 it & box 49,0 100,100
stump: what is left of a felled tree: the cut with its rings, and roots
  inked main poly 66.5,60 90.5,92 58.5,90 + poly 30.5,60 6.5,92 38.5,90
  inked main box 20,50 77,86
  fill main-55 line 3.5 33,68 33,84 + line 3.5 49,68 49,84 + line 3.5 64,68 64,84
  inked main+60 box 20,36 77,64 14
  fill main-20 box 32,43 65,57 7 rim 3.6 + box 45,48 52,52 2
plant: a leafy plant in a mound of earth; a pot hides its lower half
  inked wood-30 disc 48.5,105 36 & box 0,0 100,93
  fill main-50 line 6 48.5,75 48.5,30
  inked main disc 17.65,77 31.25 & disc 36.85,43 31.25
  inked main disc 60.15,43 31.25 & disc 79.35,77 31.25
  fill main-40 line 2 6,48 48.5,72 91,48
  inked main+25 disc 17.65,46.8 31.02 & disc 44.85,19.2 31.02
  inked main+25 disc 52.15,19.2 31.02 & disc 79.35,46.8 31.02
  inked main+25 disc 33.7,21.5 23.69 & disc 63.3,21.5 23.69
  fill main+25-40 line 2 14,16 48.5,50 83,16 + line 2 48.5,40 48.5,3
pot: a stone pot around the foot of a plant
  inked main poly 20,60 77,60 68,95 29,95
  fill main-35 poly 60,60 77,60 68,95 58,95
  inked main+30 box 13,50 84,64 3
floor: a tile, with a faint seam along two sides so that cells can be counted
  fill main-16 box 0,0 100,100
  fill main box 0,0 96.5,96.5
wall: four courses of bricks that join up with the neighbouring cells'
  fill main-60 box 0,0 100,100
  fill main box 2.5,2.5 47.5,22.5 3 >0,50 >25,25
  fill main+12 box -47.5,2.5 -2.5,22.5 3 >100,0 >0,50 >25,25
pit: a hole with a broken edge; its far side is in sight, its bottom is not
  inked main poly 7,20 26,6 50,12 72,5 91,22 85,47 92,74 72,91 48,85 25,92 6,75 13,50
  fill ink it & poly 7,40 26,26 50,32 72,25 91,42 85,67 92,94 6,95 13,70
  fill main-60 line 3 36,12 40,26 + line 3 62,12 60,24
lava: molten rock that fills the cell: crests of waves, and bubbles
  fill main box 0,0 100,100
  fill main-55 line 14 -12.5,24 0,10 12.5,24 >25,0*4 >0,33*2
  fill main+60 line 6 -12.5,21 0,7 12.5,21 >25,0*4 >0,33*2
  inked main+60 disc 27,33 7 + disc 74,67 8
dust: a small heap of fluff with crumbs around it; lies on a vent, too
  inked main+25 disc 33,62 17 + disc 54,50 20 + disc 69,66 16 + disc 50,70 16
  fill main-50 disc 47,56 8.5 + disc 64,66 7.5 + disc 35,66 6 rim 4.5 & it
  inked main-35 disc 14,44 3 + disc 27,28 3 + disc 77,25 3 + disc 88,45 3 + disc 55,16 3
vent: a round grate in the floor; dust lies on it, a cover closes it
  fill ink disc 48.5,48.5 46.75
  fill main+20 disc 48.5,48.5 40.5 rim 9
  fill main box 0,17.5 100,24.5 >0,55 + box 0,31 100,38 >0,14*2 & disc 48.5,48.5 36
toll: a stop sign let into the floor: passing here may cost something
  inked main poly 30,5 67,5 92,30 92,67 67,92 30,92 5,67 5,30
  fill white it grow -7 rim 3.6 + box 22,40 75,57
cover: a hatched lid over a vent, a crate or a hearth, whose rim it leaves in sight
  inked main+40 box 23,25 75,77 4
  fill main-60 line 6 -30,100 70,0 >20,0*3 & it
  fill main-25 it grow -2.5 rim 5
beacon: a tower with a fire bowl on top, out until lit is painted over it
  inked main poly 33,46 64,46 78,93 19,93
  fill main+60 box 0,54 100,66 >0,22 & it
  inked main-40 poly 10,26 87,26 66,48 31,48
  fill main+30 box 10,26 87,32
lamp: a light bulb on a stand, dark until lit is painted over it
  inked main-40 box 22,85 75,94 3
  inked main box 38,64 59,86
  fill main-60 box 38,68.5 59,71.5 >0,8
  inked main+75 disc 48.5,34 27 + poly 27,50 70,50 58,66 39,66
  fill ink line 3 43,64 39,36 45,44 48.5,34 52,44 58,36 54,64
light: a pool of lamplight; what stands in it stays in sight
  inked brass box 5,5 93,93 20
  fill brass+60 box 13,13 85,85 14
lit: a blaze with rays, over the bowl of a beacon or the bulb of a lamp
  inked main star 48.5,30 30 17 10
  fill main+60 star 48.5,30 20 13 10
  fill white disc 48.5,30 9
chute: a funnel whose pipe leads into the floor
  inked main-20 box 36,55 61,95
  fill ink box 36,70 61,74 >0,14
  inked main poly 6,30 91,30 62,66 35,66
  inked main+40 box 4,10 93,36 13
  fill ink box 12,16 85,31 7
hearth: a fireplace of bricks, its opening dark
  inked main box 10,14 87,93
  fill main-50 box 10,22 87,24 >0,14.5*4
  fill main-50 box 13,22 15,36.5 >71,0 >0,29*2 + box 17,36.5 19,51 >62,0 >0,29
  inked main+30 box 3,5 94,17 2
  fill ink box 27,29 71,70 18 + box 27,50 71,74
fire: a flame, in the opening of a hearth or over the mouth of a chute; its sparks pass an agent
  inked main disc 93,25 5 + disc 5,29 4
  inked main poly 29,62 32,42 40,51 50,22 58,49 66,40 69,62 61,76 37,76
  fill main+70 poly 38,66.3 39.7,55.3 44,60.2 49.5,44.3 54,59.1 58.4,54.2 60,66.3 55.6,74 42.4,74
door: a closed door of planks under an arch, with a brass knob
  inked main-45 box 14,5 86,90 36 + box 14,45 86,94
  fill main box 23,14 77,90 27 + box 23,45 77,94
  fill main-45 line 3 41,0 41,100 >18,0 & it
  inked brass disc 68,56 5.5
exit_a: a gate with the letter A
  inked main box 6,6 91,93 6
  inked main-80 box 16,15 81,93
  fill white line 10 26,80 48.5,24 71,80 + line 10 36,60 61,60
exit_b: a gate with the letter B
  inked main box 6,6 91,93 6
  inked main-80 box 16,15 81,93
  fill white line 10 32,80 32,24 54,24 63,31 63,43 54,50 32,50 54,50 67,58 67,72 56,80 32,80
goal: a flag on a pole, planted in a mound
  inked main-50 disc 30,110 30 & box 0,0 100,93
  inked ink line 6 28,10 28,88
  inked main poly 31,10 55,16 90,10 90,50 55,58 31,50
  inked brass disc 28,9 4.5
key: a key with a round bow, lying with its two teeth down
  fill main disc 29,47 15.25 rim 11.5 + box 40,40.5 93,53.5 2 + box 80,45 93,74 2
  inked main it + box 60,45 71,68 2
  fill main+50 line 3 45,44 88,44
chest: a treasure chest with a rounded lid, iron bands and a brass lock
  inked main+15 box 8,18 92,80 22 & box 0,0 100,48
  inked main box 8,48 92,86 4
  fill main-50 box 17,0 27,48 >56,0 & box 8,18 92,80 22 + box 17,48 27,86 >56,0
  fill ink box 6,46.5 94,50.5
  inked brass box 41,40 59,63 4
  fill ink line 5.5 50,49 50,56
cheese: a wedge of cheese, its tip to the left, with holes
  inked main poly 5,52 66,16 95,44 95,86 5,86
  fill main+45 poly 5,52 66,16 95,44 95,52
  fill main-40 disc 27,70 9 + disc 56,65 6.5 + disc 78,74 10
  fill main-20 disc 62,36 6
dish: a plate seen from above; a cheese on it leaves most of its rim in sight
  inked main disc 48.5,48.5 45
  fill main+70 disc 48.5,48.5 38 rim 5
  inked main+70 disc 48.5,48.5 27
gem: a cut stone, seen from the side
  inked main poly 6,40 25,14 72,14 91,40 48.5,92
  fill main+60 poly 6,40 25,14 32,40
  fill main+30 poly 25,14 72,14 48.5,40
  fill main+45 poly 32,40 65,40 48.5,92
  fill main-30 poly 65,40 91,40 48.5,92
  fill main-60 line 3 6,40 91,40
line: a straight bar across the cell, on a plate that hides a gem underneath
  fill floor box 0,0 96.5,96.5
  inked main line 20 17,17 80,80
  fill main+50 line 4 20,15 81,76
coin: a thick coin with a star on its face
  inked main-40 disc 54,52 37 + disc 47,48 37
  fill main disc 46,47 36
  fill main-40 disc 46,47 31 rim 3
  fill main-70 star 46,48 27 11 5
ball: a beach ball with pale stripes
  inked main disc 48.5,50 41
  fill white disc 0,50 36 >97,0 rim 15 & it
  fill ink disc 0,50 36 >97,0 rim 15 rim 2.4 & it
  fill white disc 44,22 5
shield: a heater shield, quartered
  inked main+70 box 12,8 86,150 & disc 0,20 86 & disc 98,20 86
  fill main-10 box 19,15 79,143 & disc 0,20 79 & disc 98,20 79
  fill main+70 box 0,0 49,44 + box 49,44 100,100 & it
rubbish: a full sack, tied at the top
  inked main poly 47,26 24,10 44,8 54,16 72,6 68,20 57,28
  inked main disc 34,68 24 + disc 64,68 25 + poly 46,25 57,25 87,60 12,60 + box 30,60 70,93 5
  inked brass line 5 44,27 59,27
  fill main-60 line 3.5 47,38 30,62 + line 3.5 56,38 68,58 66,70
  fill main+50 line 5 20,70 24,80
crate: a crate of boards with a brace; a cover leaves its frame and corners in sight
  inked main-30 box 6,6 91,91
  fill main+15 box 20,21 77,37 >0,19*2
  fill main-50 line 13 20,77 77,20 & box 20,20 77,77
  fill main box 6,6 18,91 >73,0
  fill ink disc 12,12 3.5 >73,0 >0,73
square: a plain block
  inked main box 12,12 85,85
circle: a thick ring
  inked main disc 48.5,48.5 29 rim 20
triangle: a plain wedge, one tip up
  inked main poly 48.5,8 92,86 5,86
token: a plain round piece, for whatever has no sprite of its own; its glyph is painted over it
  inked main disc 48.5,48.5 42
next: two footprints in the lower right corner: the leader's next step leads here
  fill white line 15 60,78 60,72 >23,-15 + line 10 60,91 60,93 >23,-15 grow 3.5
  fill main-60 it grow -3.5
"""

# Black on white stands out from every colour.
MARK_DRAWINGS = """
red: a triangle
  fill white poly 50,8 95,90 5,90 grow 16
  fill ink it grow -16
blue: a square, open in the middle
  fill white box 14,14 86,86 grow 16
  fill ink it grow -16
  fill white it grow -38
green: a plus
  fill white box 36,6 64,94 + box 6,36 94,64 grow 16
  fill ink it grow -16
yellow: a disc
  fill white disc 50,50 38 grow 16
  fill ink it grow -16
"""
